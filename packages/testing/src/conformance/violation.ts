import { AssertionError } from "node:assert/strict";
import { inspect } from "node:util";
import { errorMessage } from "@loops/core";

export interface ViolationOptions extends ErrorOptions {
  /** How this defect is mended, where the advice of the check would mislead. */
  readonly mend?: string | undefined;
  /** Ids of checks that show the same in a simpler way, if they fail too: then the defect is theirs to tell. */
  readonly simpler?: readonly string[] | undefined;
}

/** A promise was found broken. Becomes an AssertionError with the whole lesson in {@link lessonOf}. */
export class Violation extends Error {
  readonly expected: string;
  readonly seen: string;
  readonly mend: string | undefined;
  readonly simpler: readonly string[];

  constructor(expected: string, seen: string, { mend, simpler = [], ...options }: ViolationOptions = {}) {
    super(`${expected}: ${seen}`, options);
    this.expected = expected;
    this.seen = seen;
    this.mend = mend;
    this.simpler = simpler;
  }
}

/** What `create` returned is not what a check needs: nothing is known about the transport. The check "declaration" tells it. */
export class NotTried extends Violation {}

/** @throws Violation unless `condition` holds */
export function demand(
  condition: boolean,
  expected: string,
  seen: string | (() => string),
  options?: ViolationOptions,
): asserts condition {
  if (!condition) throw new Violation(expected, typeof seen === "string" ? seen : seen(), options);
}

/** A value for messages, on one line and not too long. */
export function show(value: unknown): string {
  const text = inspect(value, { depth: 4, maxStringLength: 80, compact: true, breakLength: Number.POSITIVE_INFINITY });
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
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
  /** What repeats the steps of the check, where they were random. */
  readonly seed?: number | undefined;
}

/** The error a person sees: which promise is broken, what was expected, what was seen, how it is usually mended. */
export function lessonOf(error: unknown, context: LessonContext): AssertionError {
  const {
    expected,
    seen,
    mend = context.mend,
  } = error instanceof Violation
    ? error
    : { expected: "the check runs to its end", seen: `it was thrown out by ${inspect(error)}` };
  const lines = [
    `[${context.name}] breaks the promise "${context.title}" (${context.id})`,
    `  expected: ${expected}`,
    `  seen:     ${seen}`,
    `  mend:     ${mend}`,
    ...(context.seed === undefined ? [] : [`  seed:     ${context.seed}; the option seed repeats these steps`]),
    ...context.reported.slice(0, 3).map((report) => `  reported: ${errorMessage(report)}`),
  ];
  const lesson = new AssertionError({ message: lines.join("\n"), actual: seen, expected, operator: "conformance" });
  return withCause(lesson, error instanceof Violation ? error.cause : error);
}

/** The error of a check that could not be tried: it blames nobody, and says where to look. */
export function notTriedError({ expected, seen, cause }: NotTried, { name, id, title }: LessonContext): AssertionError {
  const lines = [
    `[${name}] was not tried for the promise "${title}" (${id}): see the failure of declaration`,
    `  expected: ${expected}`,
    `  seen:     ${seen}`,
  ];
  const error = new AssertionError({ message: lines.join("\n"), actual: seen, expected, operator: "conformance" });
  return withCause(error, cause);
}

/** Not enumerable, as Error itself does it, so that runners do not print it twice. */
function withCause(error: AssertionError, cause: unknown): AssertionError {
  return cause === undefined ? error : Object.defineProperty(error, "cause", { value: cause });
}
