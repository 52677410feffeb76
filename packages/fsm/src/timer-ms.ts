/** Timers of Node cannot be set for longer (24.8 days): a longer one, `Infinity` too, fires at once. */
const longestTimerMs = 2_147_483_647;

/** `timeoutMs` as it can be given to a timer. */
export function timerMs(timeoutMs: number): number {
  return Math.min(timeoutMs, longestTimerMs);
}
