import type { core } from "zod";
import { checkParameters } from "./bindings.js";
import { checkGraph } from "./graph.js";
import { loopNameProblem, stateNameProblem } from "./names.js";
import { isPlainObject, own, type PlainObject, toPlainData } from "./plain-data.js";
import { prepareLoop, writtenPath } from "./prepare.js";
import type { Finding } from "./problem.js";
import { checkLoopRules, checkState } from "./rules.js";
import { type LoopExtensions, schemasFor } from "./schema.js";
import { didYouMean } from "./suggest.js";
import { checkTemplates } from "./template-rules.js";
import type { LoopDefinition } from "./types.js";

/** What a check may know beside the loop. */
export interface CheckOptions extends LoopExtensions {
  /** The loop with every scalar as it stands in the file. @default there is no file */
  readonly written?: unknown;
}

/**
 * Checks a loop from end to end and finds everything that is wrong with it. Pure.
 * `definition` is a copy of plain data with aliases resolved and defaults filled in, `null` where there are errors.
 */
export function checkDefinition(
  value: unknown,
  options: CheckOptions = {},
): { definition: LoopDefinition | null; findings: Finding[] } {
  const { data, findings } = toPlainData(value);
  if (!isPlainObject(data)) {
    const message = `a loop is a mapping with name, initial and states; found ${describe(data)}.`;
    const noLoop: Finding = { path: [], severity: "error", message };
    return { definition: null, findings: findings.length > 0 ? findings : [noLoop] };
  }
  const schemas = schemasFor(options);
  const prepared = prepareLoop(data, options.written, schemas);
  const { loop } = prepared;
  const parsed = schemas.loop.safeParse(loop);
  findings.push(...prepared.findings);
  if (!parsed.success) findings.push(...parsed.error.issues.map((issue) => schemaFinding(issue, loop)));
  findings.push(
    ...checkNames(loop),
    ...checkParameters(own(loop, "parameters")),
    ...checkStates(loop),
    ...checkTemplates(loop),
  );
  const placed = findings.map((finding) => ({ ...finding, path: writtenPath(prepared, finding.path) }));
  const usable = parsed.success && findings.every((finding) => finding.severity === "warning");
  return { definition: usable ? parsed.data : null, findings: placed };
}

function checkNames(loop: PlainObject): Finding[] {
  const findings: Finding[] = [];
  const name = own(loop, "name");
  const problem = typeof name === "string" ? loopNameProblem(name) : null;
  if (problem !== null) {
    findings.push({ path: ["name"], severity: "error", message: `not a name for a loop: ${problem}.` });
  }
  const states = own(loop, "states");
  for (const state of isPlainObject(states) ? Object.keys(states) : []) {
    const message = stateNameProblem(state);
    if (message !== null)
      findings.push({ path: ["states", state], at: "key", severity: "error", message: `${message}.` });
  }
  return findings;
}

function checkStates(loop: PlainObject): Finding[] {
  const states = own(loop, "states");
  if (!isPlainObject(states)) return [];
  const findings = Object.entries(states).flatMap(([name, state]) =>
    isPlainObject(state) ? checkState(name, state, loop) : [],
  );
  if (Object.keys(states).length === 0) {
    findings.push({ path: ["states"], severity: "error", message: "a loop needs at least one state; add it." });
  }
  return [
    ...findings,
    ...checkLoopRules(loop, states),
    ...checkGraph(own(loop, "initial"), states, own(loop, "maintain") === true),
  ];
}

/** The schema's messages say what is expected; this adds what is there instead. */
function schemaFinding(issue: core.$ZodIssue, loop: PlainObject): Finding {
  const path = issue.path.map(String);
  const found = valueAt(loop, path);
  if (found === undefined) {
    const message = `${JSON.stringify(path.at(-1) ?? "")} is required: ${issue.message}.`;
    return { path, severity: "error", message };
  }
  const isText = issue.code === "invalid_type" && issue.expected === "string";
  const quotes = isText && typeof found !== "object" ? " Put it in quotes." : "";
  const choices = issue.code === "invalid_value" && typeof found === "string" ? issue.values.map(String) : [];
  const hint = quotes || (typeof found === "string" ? didYouMean(found, choices) : "");
  return { path, severity: "error", message: `expected ${issue.message}; found ${describe(found)}.${hint}` };
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  let value = data;
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)];
    else value = isPlainObject(value) ? own(value, key) : undefined;
  }
  return value;
}

function describe(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return Object.keys(value).length === 0 ? "an empty mapping" : "a mapping";
  const text = JSON.stringify(value) ?? typeof value;
  return `${typeof value === "string" ? "the text" : `the ${typeof value}`} ${text.length > 60 ? `${text.slice(0, 57)}...` : text}`;
}
