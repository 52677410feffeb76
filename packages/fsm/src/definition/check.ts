import type { core } from "zod";
import { checkGraph } from "./graph.js";
import { loopNameProblem, stateNameProblem } from "./names.js";
import { isPlainObject, own, type PlainObject, toPlainData } from "./plain-data.js";
import { prepareFields, writtenPath } from "./prepare.js";
import type { Finding } from "./problem.js";
import { checkState } from "./rules.js";
import { loopSchema } from "./schema.js";
import type { LoopDefinition } from "./types.js";

/**
 * Checks a loop from end to end and finds everything that is wrong with it. Pure.
 * `definition` is a copy of plain data with aliases resolved and defaults filled in, `null` where there are errors.
 */
export function checkDefinition(value: unknown): { definition: LoopDefinition | null; findings: Finding[] } {
  const { data, findings } = toPlainData(value);
  if (!isPlainObject(data)) {
    const message = `a loop is a mapping with name, initial and states; found ${describe(data)}.`;
    return { definition: null, findings: [...findings, { path: [], severity: "error", message }] };
  }
  const prepared = prepareFields(data);
  const parsed = loopSchema.safeParse(prepared.loop);
  findings.push(...prepared.findings);
  if (!parsed.success) findings.push(...parsed.error.issues.map((issue) => schemaFinding(issue, prepared.loop)));
  findings.push(...checkNames(prepared.loop), ...checkStates(prepared.loop));
  const placed = findings.map((finding) => ({ ...finding, path: writtenPath(data, finding.path) }));
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
    isPlainObject(state) ? checkState(name, state) : [],
  );
  if (Object.keys(states).length === 0) {
    findings.push({ path: ["states"], severity: "error", message: "a loop needs at least one state; add it." });
  }
  return [...findings, ...checkGraph(own(loop, "initial"), states)];
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
  const hint = isText && typeof found !== "object" ? " Put it in quotes." : "";
  return { path, severity: "error", message: `expected ${issue.message}; found ${describe(found)}.${hint}` };
}

function valueAt(data: unknown, path: readonly string[]): unknown {
  let value = data;
  for (const key of path) value = isPlainObject(value) ? own(value, key) : undefined;
  return value;
}

function describe(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return Object.keys(value).length === 0 ? "an empty mapping" : "a mapping";
  const text = JSON.stringify(value) ?? typeof value;
  return `${typeof value === "string" ? "the text" : `the ${typeof value}`} ${text.length > 60 ? `${text.slice(0, 57)}...` : text}`;
}
