import type { RunStatus } from "../run-state.js";

const ended: readonly RunStatus[] = ["completed", "failed", "timed_out"];

/** Whether a run is over. One that was interrupted, waits, or was killed can be gone on with and is kept. */
export function hasEnded(status: RunStatus): boolean {
  return ended.includes(status);
}
