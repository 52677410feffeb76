import type { RunError, RunState, RunStatus, TerminatedBy } from "../run-state.js";
import { applyDelta, mergeDeltas } from "./delta.js";
import { loopComplete } from "./drafts.js";
import type { Step } from "./types.js";

const statusOf: Readonly<Record<TerminatedBy, RunStatus>> = {
  terminal: "completed",
  error: "failed",
  max_iterations: "interrupted",
  timeout: "timed_out",
  signal: "interrupted",
  handoff: "awaiting_continuation",
  cycle_detected: "failed",
};

/** The last step of a run, or of a segment of it. */
export function end(state: RunState, terminatedBy: TerminatedBy, error: RunError | null = null): Step {
  return {
    events: [loopComplete(state.current_state, state.iteration, terminatedBy, error)],
    delta: {
      set: {
        status: statusOf[terminatedBy],
        phase: "ended",
        terminated_by: terminatedBy,
        error,
        pending_action: null,
        pending_result: null,
      },
    },
    next: { kind: "done" },
  };
}

/** `first`, and then the end, in one commit. */
export function endAfter(
  state: RunState,
  first: Pick<Step, "events" | "delta">,
  terminatedBy: TerminatedBy,
  error: RunError | null = null,
): Step {
  const last = end(applyDelta(state, first.delta), terminatedBy, error);
  return {
    events: [...first.events, ...last.events],
    delta: mergeDeltas(first.delta, last.delta),
    next: last.next,
  };
}
