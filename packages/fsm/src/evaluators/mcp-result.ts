import { errorMessage } from "@loops/core";
import { isPlainObject } from "../definition/plain-data.js";
import type { McpResultConfig } from "../definition/types.js";
import type { Evaluator } from "./evaluation.js";
import { excerpt } from "./excerpt.js";
import { isTruthy, jsonValue, pythonJsonOrEmpty } from "./python/json.js";

/** What the exit code alone says: as shells and `timeout(1)` have them. */
const exitCodes = new Map([
  [127, { verdict: "not_found", error: "there is no such server or tool" }],
  [124, { verdict: "timeout", error: "the tool did not answer in time" }],
]);

/**
 * What a tool of an MCP server answered: `success` or `tool_error` by the envelope's `isError` (by the exit code where
 * it has none), `not_found`, `timeout`. What is no envelope is a `tool_error`.
 */
export const evaluateMcpResult: Evaluator<McpResultConfig> = (_config, { text, result: { exit_code } }) => {
  const known = exitCodes.get(exit_code);
  if (known !== undefined) return { verdict: known.verdict, details: { exit_code, error: known.error } };
  const fail = (error: string) => ({ verdict: "tool_error", details: { exit_code, error } });
  let envelope: unknown;
  try {
    envelope = pythonJsonOrEmpty(text);
  } catch (error) {
    return fail(`the tool's answer is no JSON (${errorMessage(error)}): ${excerpt(text, 200)}`);
  }
  if (!isPlainObject(envelope)) return fail(`the tool's answer is no mapping: ${excerpt(text, 200)}`);
  const isError = Object.hasOwn(envelope, "isError") ? isTruthy(envelope["isError"]) : exit_code !== 0;
  return { verdict: isError ? "tool_error" : "success", details: { exit_code, envelope: jsonValue(envelope) } };
};
