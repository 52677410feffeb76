import { statusByEnd } from "@loops/core/run-status";
import type { RunError, RunState, RunStatus, TerminatedBy } from "../run-state.js";
import { loopComplete } from "./drafts.js";
import type { Leaving, Taken } from "./taken.js";

const statusOf: Readonly<Record<TerminatedBy, RunStatus>> = statusByEnd;

/** The last step of a run, or of a segment of it. */
export function end(state: RunState, terminatedBy: TerminatedBy, error: RunError | null = null): Taken {
  return endAfter(state, { events: [], changes: {} }, terminatedBy, error);
}

/** `first`, and then the end, in one commit. */
export function endAfter(
  state: RunState,
  { events, changes }: Leaving,
  terminatedBy: TerminatedBy,
  error: RunError | null = null,
): Taken {
  const finalState = changes.current_state ?? state.current_state;
  const iterations = changes.iteration ?? state.iteration;
  events.push(loopComplete(finalState, iterations, terminatedBy, error));
  changes.status = statusOf[terminatedBy];
  changes.phase = "ended";
  changes.terminated_by = terminatedBy;
  changes.error = error;
  changes.pending_action = null;
  changes.pending_result = null;
  return { events, changes, next: { kind: "done" } };
}

/**
 * Ended by us: an action in the middle counts as not executed, so that going on enters the state anew; a result that is
 * recorded stays, and going on judges it.
 */
export function endCancelled(state: RunState): Taken {
  const ended = end(state, "signal");
  if (state.phase === "acted") ended.changes.pending_result = state.pending_result;
  else ended.changes.attempt = state.attempt + 1;
  return ended;
}
