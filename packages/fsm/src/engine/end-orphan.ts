import type { RunState } from "../run-state.js";
import type { Effects } from "./effects.js";

/**
 * Ends what a dead process left running of a run's action. To be called with the lease held, and before anything acts.
 *
 * @throws LoopsError `LOOPS_ORPHAN` when it could not be ended; the run is left as it was
 */
export async function endOrphan(state: RunState, { runner, orphanTimeoutMs }: Effects): Promise<"none" | "ended"> {
  const left = state.pending_action?.process ?? null;
  if (left === null) return "none";
  const ended = await runner.endOrphan(left, { timeoutMs: orphanTimeoutMs, runId: state.run_id });
  return ended ? "ended" : "none";
}
