import type { EvaluatorConfig } from "../definition/types.js";
import { testWithin } from "./bounded-match.js";
import type { Evaluator } from "./evaluation.js";
import { compilePattern } from "./pattern.js";

type OutputContainsConfig = Extract<EvaluatorConfig, { readonly type: "output_contains" }>;

/** A search that backtracks holds up the whole process, timers and all: it gets no longer than that. */
const timeoutMs = 1000;

/**
 * `yes` where the pattern is found in the text, and the other way round with `negate`. The details tell whether it was
 * found, before `negate`. A search that is not over after a second is the verdict `error`, `negate` or not.
 */
export const evaluateOutputContains: Evaluator<OutputContainsConfig> = ({ pattern, negate = false }, { text }) => {
  const expression = compilePattern(pattern);
  const match =
    expression === null
      ? ({ kind: "done", matched: text.includes(pattern) } as const)
      : testWithin(expression, text, timeoutMs);
  if (match.kind === "timed-out") return { verdict: "error", details: { error: tooSlow(text), pattern } };
  const { matched } = match;
  return { verdict: matched === negate ? "no" : "yes", details: { matched, pattern, negate } };
};

function tooSlow(text: string): string {
  return `the search for the pattern in ${text.length} characters was not over after ${timeoutMs} ms and was given up. Write it without repetitions inside of repetitions, such as (a+)+.`;
}
