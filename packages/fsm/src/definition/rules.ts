import { readPattern } from "../evaluators/pattern.js";
import { pythonFloat } from "../evaluators/python/float.js";
import { actionKind } from "./action-kind.js";
import { isPlainObject, own, type PlainObject } from "./plain-data.js";
import type { Finding, Severity } from "./problem.js";
import { isDynamicTarget, isNoVerdict, resolveCurrent, shorthandFields } from "./targets.js";

/** The fields that say where a state goes in the ordinary course of things. */
const routingFields = ["next", ...shorthandFields, "route"];
const actingFields = ["action", "loop", "params", "evaluate", "capture"];

/**
 * The rules between the fields of one state. Takes states as they are written, so that a field of the wrong type does
 * not hide what is wrong with the others.
 */
export function checkState(name: string, state: PlainObject, loop: PlainObject): Finding[] {
  const path = ["states", name];
  return [
    ...checkRouting(state, path),
    ...checkMaintain(state, path, loop),
    ...checkAction(state, path),
    ...checkRetries(state, path),
    ...checkRouteKeys(state, path),
    ...checkEvaluator(state, path),
  ];
}

/** The rules between the fields of a loop, beside where its states lead. */
export function checkLoopRules(loop: PlainObject, states: PlainObject): Finding[] {
  if (own(loop, "maintain") !== true) return [];
  // To restart there would be to end there again, for ever.
  return Object.entries(states).flatMap(([name, state]) => {
    if (!isTerminal(state)) return [];
    const written = own(state, "on_maintain");
    const target = written ?? own(loop, "initial");
    if (typeof target !== "string" || isDynamicTarget(target)) return [];
    const start = own(states, resolveCurrent(target, name));
    if (!isTerminal(start)) return [];
    const message = `with "maintain" the loop would start again in ${JSON.stringify(target)}, which is terminal itself, and never act. Name another state in "on_maintain".`;
    const path = written === undefined ? ["states", name] : ["states", name, "on_maintain"];
    return [finding(path, "error", message, written === undefined ? "key" : "value")];
  });
}

function checkRouting(state: PlainObject, path: readonly string[]): Finding[] {
  const has = (field: string) => Object.hasOwn(state, field);
  const routing = routingFields.filter(has);
  const ignored = (fields: readonly string[], reason: string) => fields.filter(has).map(noEffect(path, reason));
  if (isTerminal(state)) {
    return ignored([...actingFields, ...routingFields], "the loop ends when it enters a terminal state");
  }
  if (routing.length === 0) {
    const ways = 'Add "next", "on_yes" and "on_no", or a "route" table; or "terminal: true" if the loop ends here.';
    // The original system accepts such a state, and ends with an error there.
    if (has("loop")) return [finding(path, "warning", `nothing says where the loop goes from here. ${ways}`, "key")];
    return [finding(path, "error", `nothing says where the loop goes from here. ${ways}`, "key")];
  }
  if (has("next")) {
    // An action that was killed still goes to on_error.
    const unused = [...routingFields, "evaluate"].filter((field) => field !== "next" && field !== "on_error");
    return ignored(unused, '"next" always wins');
  }
  if (has("route")) return ignored(shorthandFields, 'the "route" table wins');
  return [];
}

function checkMaintain(state: PlainObject, path: readonly string[], loop: PlainObject): Finding[] {
  if (!Object.hasOwn(state, "on_maintain")) return [];
  const ignored = (reason: string) => [noEffect(path, reason)("on_maintain")];
  if (!isTerminal(state)) return ignored("only a terminal state starts a loop again");
  if (own(loop, "maintain") !== true) return ignored('the loop has no "maintain: true"');
  return [];
}

function checkAction(state: PlainObject, path: readonly string[]): Finding[] {
  const has = (field: string) => Object.hasOwn(state, field);
  const findings: Finding[] = [];
  if (has("loop") && has("action")) {
    const message = 'a state has either an "action" or a "loop"; remove one, or give it a state of its own.';
    findings.push(finding([...path, "loop"], "error", message, "key"));
  }
  if (has("loop") && !has("next")) {
    const unused = ["evaluate"].filter(has);
    findings.push(...unused.map(noEffect(path, "how the child loop ended is the verdict")));
  }
  if (has("loop")) {
    findings.push(
      ...["capture"]
        .filter(has)
        .map(noEffect(path, "what the child loop captures is kept under the name of the state")),
    );
    findings.push(...["timeout"].filter(has).map(noEffect(path, "it is for actions; a child loop has its own")));
  }
  if (has("context_passthrough") && !has("loop")) {
    findings.push(noEffect(path, 'there is no "loop" to pass it to')("context_passthrough"));
  }
  if (has("with") && !has("loop")) {
    const message = '"with" is for a child loop, and there is no "loop" here; remove it, or name one.';
    findings.push(finding([...path, "with"], "error", message, "key"));
  }
  if (has("with") && own(state, "context_passthrough") === true) {
    const message =
      'a child loop is given either values "with" their names, or all by "context_passthrough"; remove one.';
    findings.push(finding([...path, "with"], "error", message, "key"));
  }
  if (has("action_type") && !has("action") && !has("params")) {
    findings.push(noEffect(path, 'there is no "action"')("action_type"));
  }
  if (has("params") && ["shell", "prompt", "slash_command"].includes(kindOf(state))) {
    const message = '"params" are for MCP tools and functions: add "action_type: mcp_tool", or remove them.';
    findings.push(finding([...path, "params"], "error", message, "key"));
  }
  return findings;
}

function checkRetries(state: PlainObject, path: readonly string[]): Finding[] {
  const pair = ["max_retries", "on_retry_exhausted"] as const;
  const [given, ...both] = pair.filter((field) => Object.hasOwn(state, field));
  if (given === undefined || both.length > 0) return [];
  const missing = given === pair[0] ? pair[1] : pair[0];
  return [
    finding([...path, given], "error", `"${given}" needs "${missing}" beside it: add it, or remove both.`, "key"),
  ];
}

function checkRouteKeys(state: PlainObject, path: readonly string[]): Finding[] {
  const route = own(state, "route");
  if (!isPlainObject(route)) return [];
  return Object.keys(route)
    .filter(isNoVerdict)
    .map((verdict) => {
      const message = `no verdict begins with "_": this route is never taken. "_" is the default, "_error" is for errors.`;
      return finding([...path, "route", verdict], "warning", message, "key");
    });
}

function checkEvaluator(state: PlainObject, path: readonly string[]): Finding[] {
  const evaluate = own(state, "evaluate");
  if (!isPlainObject(evaluate)) return [];
  const at = [...path, "evaluate"];
  const findings: Finding[] = [];
  const pattern = own(evaluate, "pattern");
  if (own(evaluate, "type") === "output_contains" && typeof pattern === "string") {
    findings.push(...checkPattern(pattern, [...at, "pattern"]));
  }
  const numbers = numericFields.get(own(evaluate, "type"))?.filter((field) => isNoNumber(own(evaluate, field)));
  for (const field of numbers ?? []) {
    const message = "this is neither a number nor a template that could give one. Write a number.";
    findings.push(finding([...at, field], "warning", message));
  }
  return findings;
}

const numericFields: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["output_numeric", ["target"]],
  ["convergence", ["target", "previous", "tolerance"]],
]);

function isNoNumber(value: unknown): boolean {
  return typeof value === "string" && !value.includes("${") && pythonFloat(value) === null;
}

function checkPattern(pattern: string, path: readonly string[]): Finding[] {
  const read = readPattern(pattern);
  if (read.kind === "unsupported") {
    return [finding(path, "error", `this regular expression of Python is not supported: ${read.reason}.`)];
  }
  if (read.kind === "expression") return [];
  const message =
    "this is not a regular expression that works here, so it is searched as plain text. If that is meant, escape its special characters.";
  return [finding(path, "warning", message)];
}

function kindOf({ action, action_type: type }: PlainObject): string {
  return actionKind({
    ...(typeof action === "string" ? { action } : {}),
    ...(typeof type === "string" ? { action_type: type } : {}),
  });
}

function isTerminal(state: unknown): state is PlainObject {
  return isPlainObject(state) && own(state, "terminal") === true;
}

function noEffect(path: readonly string[], reason: string): (field: string) => Finding {
  return (field) => finding([...path, field], "warning", `"${field}" has no effect: ${reason}. Remove it.`);
}

function finding(path: readonly string[], severity: Severity, message: string, at: "key" | "value" = "value"): Finding {
  return { path, at, severity, message };
}
