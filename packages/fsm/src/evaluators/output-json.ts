import { errorMessage } from "@loops/core";
import type { OutputJsonConfig } from "../definition/types.js";
import { compare, unknownOperator } from "./compare.js";
import type { Evaluator } from "./evaluation.js";
import { asNumber, isEqual, jsonValue, pythonJson } from "./python/json.js";

/**
 * Looks up `path` in the text, which is JSON, and compares: two numbers by any operator, everything else by `eq` and
 * `ne`. `true` and `false` count as 1 and 0. `error` where there is no JSON, nothing at the path, or no such comparison.
 */
export const evaluateOutputJson: Evaluator<OutputJsonConfig> = ({ path, operator, target }, { text }) => {
  const fail = (error: string) => ({ verdict: "error", details: { error } });
  let data: unknown;
  try {
    data = pythonJson(text);
  } catch (error) {
    return fail(`no JSON: ${errorMessage(error)}`);
  }
  const found = lookUp(data, path);
  if (found === null) return fail(`there is nothing at the path ${JSON.stringify(path)}`);
  const { value } = found;

  const numbers = [asNumber(value), asNumber(target)] as const;
  let holds: boolean | null;
  if (numbers[0] !== null && numbers[1] !== null) holds = compare(numbers[0], operator, numbers[1]);
  else if (operator === "eq" || operator === "ne") holds = isEqual(value, target) === (operator === "eq");
  else return fail(`only eq and ne compare what is not two numbers; the operator is ${JSON.stringify(operator)}`);
  if (holds === null) return fail(unknownOperator(operator));
  return { verdict: holds ? "yes" : "no", details: { value: jsonValue(value), path, target, operator } };
};

/** A name is looked up in a mapping, digits in a list. There is no way to say the whole: each part names something. */
function lookUp(data: unknown, path: string): { readonly value: unknown } | null {
  let value = data;
  for (const part of (path.startsWith(".") ? path.slice(1) : path).split(".")) {
    if (typeof value !== "object" || value === null) return null;
    const key = Array.isArray(value) ? (/^\d+$/.test(part) ? String(Number(part)) : "") : part;
    if (!Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  return { value };
}
