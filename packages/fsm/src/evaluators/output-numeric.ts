import { LoopsError } from "@loops/core";
import type { OutputNumericConfig } from "../definition/types.js";
import { compare, unknownOperator } from "./compare.js";
import type { Evaluator } from "./evaluation.js";
import { excerpt } from "./excerpt.js";
import { jsonNumber, numberOf, pythonFloat } from "./python/float.js";

/**
 * `yes` where the text, as a number, stands to the target as the operator says, else `no`; `error` where it is no
 * number. `NaN` and the infinities are numbers, and `null` in the details.
 * @throws LoopsError `LOOPS_EVALUATOR` for a target that is no number: the loop is wrong, not what the action said
 */
export const evaluateOutputNumeric: Evaluator<OutputNumericConfig> = (config, { text }) => {
  const { operator } = config;
  const target = numberOf(config.target);
  if (target === null) {
    const found = JSON.stringify(config.target);
    throw new LoopsError(
      "LOOPS_EVALUATOR",
      `[output_numeric] The target ${found} is no number. Give one, or a template whose text is one.`,
    );
  }
  const value = pythonFloat(text);
  if (value === null) return { verdict: "error", details: { error: `no number: ${excerpt(text)}` } };
  const holds = compare(value, operator, target);
  if (holds === null) return { verdict: "error", details: { error: unknownOperator(operator) } };
  return {
    verdict: holds ? "yes" : "no",
    details: { value: jsonNumber(value), target: jsonNumber(target), operator },
  };
};
