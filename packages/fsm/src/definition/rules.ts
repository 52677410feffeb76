import { compilePattern } from "../evaluators/pattern.js";
import { isPlainObject, own, type PlainObject } from "./plain-data.js";
import type { Finding, Severity } from "./problem.js";
import { shorthandFields, targetFields } from "./targets.js";

/** The fields that say where a state goes in the ordinary course of things. */
const routingFields = [...targetFields.filter((field) => field !== "on_retry_exhausted"), "route"];
const actingFields = ["action", "evaluate", "capture"];

/**
 * The rules between the fields of one state. Takes states as they are written, so that a field of the wrong type does
 * not hide what is wrong with the others.
 */
export function checkState(name: string, state: PlainObject): Finding[] {
  const path = ["states", name];
  return [
    ...checkRouting(state, path),
    ...checkRetries(state, path),
    ...checkRouteKeys(state, path),
    ...checkPattern(state, path),
  ];
}

function checkRouting(state: PlainObject, path: readonly string[]): Finding[] {
  const routing = routingFields.filter((field) => Object.hasOwn(state, field));
  const ignored = (fields: readonly string[], reason: string) =>
    fields.map((field) => finding([...path, field], "warning", `"${field}" has no effect: ${reason}. Remove it.`));
  if (own(state, "terminal") === true) {
    const unused = [...actingFields.filter((field) => Object.hasOwn(state, field)), ...routing];
    return ignored(unused, "the loop ends when it enters a terminal state");
  }
  if (routing.length === 0) {
    const message =
      'nothing says where the loop goes from here. Add "next", "on_yes" and "on_no", or a "route" table; or "terminal: true" if the loop ends here.';
    return [finding(path, "error", message, "key")];
  }
  if (Object.hasOwn(state, "next")) {
    // An action that was killed still goes to on_error.
    const unused = routing.filter((field) => field !== "next" && field !== "on_error");
    return ignored(unused, '"next" always wins');
  }
  if (Object.hasOwn(state, "route")) {
    return ignored(
      shorthandFields.filter((field) => Object.hasOwn(state, field)),
      'the "route" table wins',
    );
  }
  return [];
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
    .filter((verdict) => verdict.startsWith("_") && verdict !== "_" && verdict !== "_error")
    .map((verdict) => {
      const message = `no verdict begins with "_": this route is never taken. "_" is the default, "_error" is for errors.`;
      return finding([...path, "route", verdict], "warning", message, "key");
    });
}

function checkPattern(state: PlainObject, path: readonly string[]): Finding[] {
  const evaluate = own(state, "evaluate");
  const pattern = isPlainObject(evaluate) ? own(evaluate, "pattern") : undefined;
  if (typeof pattern !== "string" || compilePattern(pattern) !== null) return [];
  const message =
    "this is not a regular expression that works here, so it is searched as plain text. If that is meant, escape its special characters.";
  return [finding([...path, "evaluate", "pattern"], "warning", message)];
}

function finding(path: readonly string[], severity: Severity, message: string, at: "key" | "value" = "value"): Finding {
  return { path, at, severity, message };
}
