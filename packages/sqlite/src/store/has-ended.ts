const ended: readonly string[] = ["completed", "failed", "timed_out"];

/** Whether a run is over. One that was interrupted, waits, or was killed can be gone on with and is kept. */
export function hasEnded(status: string): boolean {
  return ended.includes(status);
}
