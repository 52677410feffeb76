import type { OutputContainsConfig } from "../definition/types.js";
import { type Match, testAtOnce, testWithin } from "./bounded-match.js";
import type { Evaluator } from "./evaluation.js";
import { readPattern } from "./pattern.js";

/** A search that backtracks holds up the whole process, timers and all: it gets no longer than that. */
const timeoutMs = 1000;

/** Patterns without repetitions and groups take linear time, and need no watching. */
const canBacktrack = /[*+?{(]/;

/**
 * `yes` where the pattern is found in the text, and the other way round with `negate`. The details tell whether it was
 * found, before `negate`. A search that is not over after a second is the verdict `error`, `negate` or not; so is a
 * pattern that cannot be had here.
 */
export const evaluateOutputContains: Evaluator<OutputContainsConfig> = ({ pattern, negate = false }, { text }) => {
  const fail = (error: string) => ({ verdict: "error", details: { error, pattern } });
  const read = readPattern(pattern);
  if (read.kind === "unsupported") return fail(`this regular expression of Python is not supported: ${read.reason}`);
  const match = read.kind === "text" ? plain(text, pattern) : search(read.expression, pattern, text);
  if (match.kind === "timed-out") return fail(tooSlow(text));
  if (match.kind === "too-large") return fail("the pattern is too large for a regular expression; write it shorter");
  const { matched } = match;
  return { verdict: matched === negate ? "no" : "yes", details: { matched, pattern, negate } };
};

function search(expression: RegExp, pattern: string, text: string): Match {
  return canBacktrack.test(pattern) ? testWithin(expression, text, timeoutMs) : testAtOnce(expression, text);
}

function plain(text: string, pattern: string): Match {
  return { kind: "done", matched: text.includes(pattern) };
}

function tooSlow(text: string): string {
  return `the search for the pattern in ${text.length} characters was not over after ${timeoutMs} ms and was given up. Write it without repetitions inside of repetitions, such as (a+)+.`;
}
