import type { RunState } from "../run-state.js";
import { actionInDoubt, loopResume } from "./drafts.js";
import type { Step, StepInput } from "./types.js";

/**
 * Opens a new segment of a run. An action in doubt is reported and entered anew, under the same iteration and the same
 * idempotency key; a recorded result is taken up where it was left.
 */
export function resume(state: RunState, input: Extract<StepInput, { kind: "resume" }>): Step {
  const opened = {
    ...input.changes,
    status: "running",
    terminated_by: null,
    error: null,
    segment_started_at: input.segmentStartedAt,
  };
  const resumed = loopResume(state.current_state, state.iteration);
  const next = { kind: "advance" } as const;
  if (state.phase === "acted") return { events: [resumed], delta: { set: opened }, next };
  if (state.phase !== "acting") return { events: [resumed], delta: { set: { ...opened, phase: "ready" } }, next };
  const command = state.pending_action?.command ?? "";
  return {
    events: [resumed, actionInDoubt(state.current_state, command, input.orphan)],
    delta: { set: { ...opened, phase: "ready", attempt: state.attempt + 1, pending_action: null } },
    next,
  };
}
