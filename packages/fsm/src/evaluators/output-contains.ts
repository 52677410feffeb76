import type { EvaluatorConfig } from "../definition/types.js";
import type { Evaluator } from "./evaluation.js";
import { compilePattern } from "./pattern.js";

type OutputContainsConfig = Extract<EvaluatorConfig, { readonly type: "output_contains" }>;

/**
 * `yes` where the pattern is found in the text, and the other way round with `negate`. The details tell whether it was
 * found, before `negate`.
 *
 * A pattern that backtracks without end holds up the whole process: loops come from people who may run commands anyway.
 */
export const evaluateOutputContains: Evaluator<OutputContainsConfig> = ({ pattern, negate = false }, { text }) => {
  const expression = compilePattern(pattern);
  const matched = expression === null ? text.includes(pattern) : expression.test(text);
  return { verdict: matched === negate ? "no" : "yes", details: { matched, pattern, negate } };
};
