import type { RunState } from "../run-state.js";
import type { Effects } from "./effects.js";
import { runnerOf } from "./runner-of.js";

/**
 * Ends what a dead process left running of a run's action. To be called with the lease held, and before anything acts.
 *
 * @throws LoopsError `LOOPS_ORPHAN` when it could not be ended; the run is left as it was
 */
export async function endOrphan(state: RunState, effects: Effects): Promise<"none" | "ended"> {
  const { process: left = null, type = "shell" } = state.pending_action ?? {};
  if (left === null) return "none";
  const options = { timeoutMs: effects.orphanTimeoutMs, runId: state.run_id };
  const ended = await runnerOf(effects, type).endOrphan(left, options);
  return ended ? "ended" : "none";
}
