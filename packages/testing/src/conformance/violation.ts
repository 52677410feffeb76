import { AssertionError } from "node:assert/strict";
import { inspect } from "node:util";
import { errorMessage } from "@loops/core";

/** A promise was found broken. Becomes an AssertionError with the whole lesson in {@link lessonOf}. */
export class Violation extends Error {
  readonly expected: string;
  readonly seen: string;

  constructor(expected: string, seen: string, options?: ErrorOptions) {
    super(`${expected}: ${seen}`, options);
    this.expected = expected;
    this.seen = seen;
  }
}

/** Which check, for whom, and what may help to understand its failure. */
export interface LessonContext {
  readonly name: string;
  readonly id: string;
  /** The promise in words. */
  readonly title: string;
  /** How the defect is usually mended. */
  readonly mend: string;
  /** What the sink reported to the bus's `onError` meanwhile. */
  readonly reported: readonly unknown[];
}

/** The error a person sees: which promise is broken, what was expected, what was seen, how it is usually mended. */
export function lessonOf(error: unknown, context: LessonContext): AssertionError {
  const { expected, seen } =
    error instanceof Violation
      ? error
      : { expected: "the check runs to its end", seen: `it was thrown out by ${inspect(error)}` };
  const lines = [
    `[${context.name}] breaks the promise "${context.title}" (${context.id})`,
    `  expected: ${expected}`,
    `  seen:     ${seen}`,
    `  mend:     ${context.mend}`,
    ...context.reported.slice(0, 3).map((report) => `  reported: ${errorMessage(report)}`),
  ];
  const lesson = new AssertionError({ message: lines.join("\n"), actual: seen, expected, operator: "conformance" });
  const cause = error instanceof Violation ? error.cause : error;
  // Not enumerable, as Error itself does it, so that runners do not print it twice.
  return cause === undefined ? lesson : Object.defineProperty(lesson, "cause", { value: cause });
}
