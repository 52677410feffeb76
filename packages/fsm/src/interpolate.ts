import { errorMessage, LoopsError } from "@loops/core";
import { didYouMean, listNames } from "./definition/suggest.js";
import type { InterpolationScope, Namespace } from "./interpolate-scope.js";
import { parseTemplate, type Reference } from "./interpolate-template.js";
import { quoteForShell, renderJson, renderValue } from "./interpolate-value.js";

/**
 * Replaces each `${namespace.path}` of a template by its value. Values are inserted as they are and not looked at again:
 * `${` in a value stays. Put `:shell` behind a path to insert the value as one quoted word of a shell command, `:json` to
 * insert it as JSON, and `:default=text` for when it is missing.
 *
 * Only `${` with a namespace and a dot is a reference; every other `${...}` is left to the shell. `$${` is a literal `${`.
 * Paths go through mappings only, never into lists, and see own properties only. Linear time; pure.
 *
 * @throws LoopsError `LOOPS_INTERPOLATION` that names the state, the reference and what is there instead
 */
export function interpolate(template: string, scope: InterpolationScope): string {
  if (!template.includes("${")) return template;
  return parseTemplate(template)
    .map((part) => (typeof part === "string" ? part : resolve(part, scope)))
    .join("");
}

/**
 * A copy of a value with the templates in each of its texts filled in, however deep; names of fields stay as they are,
 * and so does what is no text. A text that is one reference becomes text too, whatever it refers to. Pure.
 *
 * @throws LoopsError `LOOPS_INTERPOLATION`
 */
export function interpolateDeep(value: unknown, scope: InterpolationScope): unknown {
  if (typeof value === "string") return interpolate(value, scope);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => interpolateDeep(item, scope));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, interpolateDeep(item, scope)]));
}

function resolve(reference: Reference, scope: InterpolationScope): string {
  const { source, namespace, path, unknownFilter } = reference;
  const where = `in state ${JSON.stringify(scope.state.name)}: ${source}`;
  const root: unknown = scope[namespace];
  const found = lookUp(root, namespace, unknownFilter === null ? path : path + unknownFilter);
  if (found.missing && unknownFilter !== null) {
    const advice = `Use ":shell", ":json" or ":default=...", or begin with "$\${" to leave it to the shell.`;
    throw new LoopsError("LOOPS_INTERPOLATION", `Unknown filter ${JSON.stringify(unknownFilter)} ${where}. ${advice}`);
  }
  if (found.missing && reference.fallback === null) {
    throw new LoopsError(
      "LOOPS_INTERPOLATION",
      `Missing context variable ${where}. ${explain(reference, root, found)}`,
    );
  }
  try {
    const text = found.missing ? (reference.fallback ?? "") : (reference.json ? renderJson : renderValue)(found.value);
    return reference.shell ? quoteForShell(text) : text;
  } catch (error) {
    const message = `Value cannot be written as text ${where}: ${errorMessage(error)}`;
    throw new LoopsError("LOOPS_INTERPOLATION", message, { cause: error });
  }
}

type Found =
  | { readonly missing: false; readonly value: unknown }
  /** `parent` is the last thing that was there, and has no own `key`. */
  | { readonly missing: true; readonly parent: unknown; readonly key: string };

function lookUp(root: unknown, namespace: Namespace, path: string): Found {
  // Names of environment variables may have dots in them.
  const keys = namespace === "env" ? [path] : path.split(".");
  let value = root;
  for (const key of keys) {
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    const next: unknown =
      isMapping && Object.hasOwn(value as object, key) ? (value as Record<string, unknown>)[key] : undefined;
    if (next === undefined) return { missing: true, parent: value, key };
    value = next;
  }
  return { missing: false, value };
}

function explain(reference: Reference, root: unknown, found: Extract<Found, { missing: true }>): string {
  const { namespace } = reference;
  if (root === null && namespace === "prev") return "No state was run before this one.";
  if (root === null && namespace === "result") return "Nothing was evaluated yet.";
  const key = JSON.stringify(found.key);
  if (typeof found.parent !== "object" || found.parent === null || Array.isArray(found.parent)) {
    return `${key} looks into something that is not a mapping.`;
  }
  const keys = Object.keys(found.parent);
  const guess = didYouMean(found.key, keys);
  if (namespace === "env") return `The environment has no ${key}.${guess}`;
  const advice = namespace === "context" ? ' Give it in the loop\'s "context", or with ":default=...".' : "";
  return `There is no ${key}; known keys: ${keys.length === 0 ? "none" : listNames(keys)}.${guess}${advice}`;
}
