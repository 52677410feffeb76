import type { RunPhase, RunState } from "../run-state.js";
import { hasEnded } from "./has-ended.js";

/** The run id of the original system: the start time, compact, to the second. */
export function legacyRunId(startedAt: string): string {
  return startedAt.replace(/[:.+]/g, "").slice(0, 17);
}

/** What such an id looks like. */
export const legacyRunIdPattern = /^\d{4}-\d\d-\d\dT\d{6}$/;

/** What every state file of the original system has; the rest of its fields are kept as they are. */
export interface LegacyState extends Pick<RunState, "loop_name" | "current_state" | "started_at" | "status"> {
  readonly [field: string]: unknown;
}

/**
 * A state of the original system with what it does not know filled in, so that it can be listed and shown. The
 * definition is not known either: it has no states, and its hash is empty.
 */
export function fillLegacyState(state: LegacyState, runId: string): RunState {
  const phase: RunPhase = hasEnded(state.status) ? "ended" : "ready";
  const filled = {
    run_id: runId,
    phase,
    attempt: 1,
    previous_state: null,
    pending_action: null,
    pending_result: null,
    segment_started_at: state.started_at,
    terminated_by: null,
    error: null,
    parent_run_id: null,
    depth: 0,
    context: {},
    definition: {
      name: state.loop_name,
      initial: state.current_state,
      states: {},
      context: {},
      max_iterations: 50,
      input_key: "input",
    },
    definition_hash: "",
    ...state,
  };
  return filled as unknown as RunState;
}
