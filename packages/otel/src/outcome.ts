import type { Failure, SpanEnd } from "./span-node.js";

type Fields = Readonly<Record<string, unknown>>;

/** Ends of a loop that are failures: those of the engine, and `failed` and `exhausted` of other writers. */
const failures = new Set(["error", "cycle_detected", "max_iterations", "timeout", "failed", "exhausted"]);

/** How a loop ended, by its `loop_complete`: OK, unless it says that it failed. Pure. */
export function loopEnd(event: Fields): SpanEnd {
  const outcome = outcomeOf(event);
  const error = errorOf(event);
  if (outcome === undefined) return event["status"] === "failed" ? { type: "failed", message: "failed" } : "ok";
  return failures.has(outcome) ? { type: error?.type ?? outcome, message: outcome } : "ok";
}

/** `terminated_by`, or `outcome`, as other writers call it. */
export function outcomeOf({ terminated_by, outcome }: Fields): string | undefined {
  const given = terminated_by ?? outcome;
  return typeof given === "string" ? given : undefined;
}

/** What went wrong in a loop that ended with an error. */
export function errorOf({ error }: Fields): (Failure & { readonly state?: unknown }) | undefined {
  if (typeof error === "string") return { type: "error", message: error };
  if (typeof error !== "object" || error === null) return undefined;
  const { type, message, state } = error as Fields;
  return {
    type: typeof type === "string" ? type : "error",
    message: typeof message === "string" ? message : "",
    state,
  };
}

/**
 * Whether an action failed, from the loop's own point of view. Where its result was judged, the verdict decides: exit code
 * 1 of a check is an answer, and the loop goes on with it. Where nobody judged it, anything but 0 is a failure. Pure.
 */
export function actionEnd(exitCode: number | undefined, verdict: unknown): SpanEnd {
  const failed = verdict === undefined ? exitCode !== undefined && exitCode !== 0 : verdict === "error";
  return failed ? actionFailure(exitCode) : "unset";
}

/** `error.type` is `timeout`, `signal`, the exit code, or `evaluation_error` where the action itself went well. */
export function actionFailure(exitCode: number | undefined): Failure {
  if (exitCode === undefined || exitCode === 0) return { type: "evaluation_error", message: 'verdict "error"' };
  if (exitCode === 124) return { type: "timeout", message: "timed out (exit code 124)" };
  if (exitCode < 0) return { type: "signal", message: `ended by signal ${-exitCode}` };
  return { type: String(exitCode), message: `exit code ${exitCode}` };
}
