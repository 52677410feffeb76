import type { RunState } from "../run-state.js";
import { actionInDoubt, loopResume } from "./drafts.js";
import { endAfter } from "./ending.js";
import type { Changes, Taken } from "./taken.js";
import type { StepInput } from "./types.js";

/**
 * Opens a new segment of a run. A recorded result is taken up where it was left. An action in doubt is reported, and
 * either entered anew, under the same iteration and the same idempotency key, or the end of the run. A child loop is
 * gone on with.
 */
export function resume(state: RunState, input: Extract<StepInput, { kind: "resume" }>): Taken {
  const { continuation_prompt = null, pending_child = null, handoffs = 0 } = state;
  const { edge_revisit_counts = {}, evaluator_memory = {} } = state;
  const changes: Changes = {
    ...input.changes,
    // What a run of an earlier version may lack.
    continuation_prompt,
    pending_child,
    handoffs,
    edge_revisit_counts,
    evaluator_memory,
    status: "running",
    phase: "ready",
    terminated_by: null,
    error: null,
    segment_started_at: input.segmentStartedAt,
  };
  if (state.stopped_itself === true) changes.stopped_itself = false;
  const { current_state: name, iteration } = state;
  const resumed = loopResume(name, iteration, continuation_prompt, state.annotations);
  const next = { kind: "advance" } as const;
  if (pending_child !== null) {
    // Not in doubt: what became of it is in its own record.
    changes.phase = "acting";
    return { events: [resumed], changes, next };
  }
  if (state.phase !== "acting") {
    if (state.phase === "acted" || state.pending_result !== null) changes.phase = "acted";
    return { events: [resumed], changes, next };
  }

  const { policy = "rerun", orphan } = input;
  const command = state.pending_action?.command ?? "";
  const events = [resumed, actionInDoubt(name, command, policy, orphan)];
  changes.pending_action = null;
  if (policy === "rerun") {
    changes.attempt = state.attempt + 1;
    return { events, changes, next };
  }
  return endAfter(state, { events, changes }, "error", {
    type: "LOOPS_IN_DOUBT",
    message:
      `State "${name}": its action may have run when the process died, and is not to be run again. ` +
      "Look at what it did, and start a new run.",
    state: name,
  });
}
