import { closestName } from "@loops/core/names";
import { namespaces } from "../interpolate-scope.js";
import { parseTemplate, type Reference } from "../interpolate-template.js";
import { isPlainObject, own, type PlainObject } from "./plain-data.js";
import type { Finding } from "./problem.js";
import { didYouMean, listNames } from "./suggest.js";
import { targetFields, targetTables } from "./targets.js";

const stateTemplates = ["action", "params", "loop", "with", ...targetFields, ...targetTables];
/** The fields of evaluators that are templates. What is in one of the program's own is its own business. */
const evaluatorTemplates: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["output_numeric", ["target"]],
  ["convergence", ["target", "previous", "tolerance"]],
  ["llm_structured", ["prompt"]],
]);

/** What is in the namespaces whose keys are the same in every loop. */
const fixedKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["prev", ["output", "exit_code", "state"]],
  ["result", ["verdict", "details"]],
  ["state", ["name", "iteration"]],
  ["loop", ["name", "started_at", "elapsed_ms", "elapsed"]],
]);

/**
 * Warns of templates that cannot be filled in, or that are none though they look like it. Whether a key of the context
 * exists is known only when the loop runs.
 */
export function checkTemplates(loop: PlainObject): Finding[] {
  const states = own(loop, "states");
  if (!isPlainObject(states)) return [];
  const captures = capturesOf(states);
  const inField = (value: unknown, path: readonly string[]): Finding[] =>
    textsIn(value, path).flatMap(({ text, at }) =>
      problemsOf(text, captures).map((message) => ({ path: at, severity: "warning", message })),
    );
  return Object.entries(states).flatMap(([name, state]) => {
    if (!isPlainObject(state)) return [];
    const evaluate = own(state, "evaluate");
    const config = isPlainObject(evaluate) ? evaluate : {};
    const fields = ["source", ...(evaluatorTemplates.get(own(config, "type")) ?? [])];
    return [
      ...stateTemplates.flatMap((field) => inField(own(state, field), ["states", name, field])),
      ...fields.flatMap((field) => inField(own(config, field), ["states", name, "evaluate", field])),
    ];
  });
}

/** The keys that some state of the loop captures under; what a child loop captured is under the name of its state. */
function capturesOf(states: PlainObject): string[] {
  return Object.entries(states).flatMap(([name, state]) => {
    if (!isPlainObject(state)) return [];
    const capture = own(state, "capture");
    return [...(typeof capture === "string" ? [capture] : []), ...(own(state, "loop") === undefined ? [] : [name])];
  });
}

function textsIn(value: unknown, at: readonly string[]): { text: string; at: readonly string[] }[] {
  if (typeof value === "string") return value.includes("${") ? [{ text: value, at }] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => textsIn(item, [...at, key]));
}

function problemsOf(template: string, captures: readonly string[]): string[] {
  const references = parseTemplate(template).filter((part) => typeof part !== "string");
  const unescaped = template.replaceAll("$${", "");
  return [
    ...new Set([
      ...references.flatMap((reference) => referenceProblem(reference, captures)),
      ...unknownNamespaces(unescaped),
      ...unclosed(unescaped),
    ]),
  ];
}

function referenceProblem(
  { source, namespace, path, fallback, unknownFilter }: Reference,
  captures: readonly string[],
) {
  const colon = path.indexOf(":");
  // With other colons in it a name may be meant; with a near-miss of a filter it is not.
  const filter = unknownFilter ?? (colon === -1 ? null : path.slice(colon));
  const near = filter === null ? undefined : closestName(filter.split(/[:=]/)[1] ?? "", ["shell", "json", "default"]);
  if (unknownFilter !== null || near !== undefined) {
    const advice = near === undefined ? 'Use ":shell", ":json" or ":default=..."' : `Did you mean ":${near}"? Use that`;
    return [
      `${cut(source)} cannot be filled in: there is no filter ${quote(filter ?? "")}. ${advice}, or begin with "$\${" to leave it to the shell.`,
    ];
  }
  if (fallback !== null) return [];
  const [key = ""] = namespace === "env" ? [path] : path.split(".");
  if (key === "") return [`${cut(source)} cannot be filled in: nothing is named after the dot.`];
  const keys = namespace === "captured" ? captures : fixedKeys.get(namespace);
  if (keys === undefined || keys.includes(key)) return [];
  const known = keys.length === 0 ? "No state captures anything." : `Known: ${listNames([...new Set(keys)])}.`;
  return [
    `${cut(source)} cannot be filled in: there is no ${quote(key)} in "${namespace}". ${known}${didYouMean(key, keys)}`,
  ];
}

/** What looks like a reference: no shell has a variable with a dot in its name. */
function unknownNamespaces(template: string): string[] {
  return [...template.matchAll(/\$\{([A-Za-z_]\w*)\.\w[^${}\n]{0,200}\}/g)].flatMap(([source, namespace = ""]) => {
    if ((namespaces as readonly string[]).includes(namespace)) return [];
    const hint = didYouMean(namespace, namespaces) || ` Known: ${namespaces.join(", ")}.`;
    return [
      `${cut(source)} is not filled in: there is no namespace ${quote(namespace)}.${hint} If it is meant as it is, begin with "$\${".`,
    ];
  });
}

function unclosed(template: string): string[] {
  const rest = template.slice(template.lastIndexOf("}") + 1);
  const start = rest.search(new RegExp(`\\$\\{(?:${namespaces.join("|")})\\.`));
  return start === -1 ? [] : [`${cut(rest.slice(start))} is never closed, so it is not filled in. Add "}".`];
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function cut(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
