import { errorMessage, LoopsError } from "@loops/core";
import { didYouMean, listNames } from "./definition/suggest.js";
import type { InterpolationScope } from "./interpolate-scope.js";
import { parseTemplate, type Reference } from "./interpolate-template.js";
import { quoteForShell, renderValue } from "./interpolate-value.js";

/**
 * Replaces each `${namespace.path}` of a template by its value. Values are inserted as they are and not looked at again:
 * `${` in a value stays. Put `:shell` behind a path to insert the value as one quoted word of a shell command, and
 * `:default=text` for when it is missing.
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

function resolve(reference: Reference, scope: InterpolationScope): string {
  const { source, namespace, path, unknownFilter } = reference;
  const where = `in state ${JSON.stringify(scope.state.name)}: ${source}`;
  if (unknownFilter !== null) {
    const advice = `Use ":shell" or ":default=...", or begin with "$\${" to leave it to the shell.`;
    throw new LoopsError("LOOPS_INTERPOLATION", `Unknown filter ${JSON.stringify(unknownFilter)} ${where}. ${advice}`);
  }
  const root: unknown = scope[namespace];
  // Names of environment variables may have dots in them.
  const found = lookUp(root, namespace === "env" ? [path] : path.split("."));
  if (found.missing && reference.fallback === null) {
    throw new LoopsError(
      "LOOPS_INTERPOLATION",
      `Missing context variable ${where}. ${explain(reference, root, found)}`,
    );
  }
  try {
    const text = found.missing ? (reference.fallback ?? "") : renderValue(found.value);
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

function lookUp(root: unknown, keys: readonly string[]): Found {
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
