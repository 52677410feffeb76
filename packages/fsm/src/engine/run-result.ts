import type { RunState } from "../run-state.js";
import type { RunResult } from "./options.js";

/** What a caller is told of a run that has ended. */
export function resultOf(state: RunState): RunResult {
  return {
    run_id: state.run_id,
    loop: state.loop_name,
    status: state.status,
    final_state: state.current_state,
    iterations: state.iteration,
    terminated_by: state.terminated_by ?? "signal",
    duration_ms: state.accumulated_ms,
    captured: state.captured,
    ...(state.error === null ? {} : { error: state.error }),
    ...(state.terminated_by === "handoff" ? handoffOf(state) : {}),
  };
}

function handoffOf({ continuation_prompt }: RunState): Pick<RunResult, "handoff" | "continuation_prompt"> {
  return typeof continuation_prompt === "string" ? { handoff: true, continuation_prompt } : { handoff: true };
}
