const longestTimerMs = 0x7fffffff;

/** A delay as it can be given to a timer: one of more than 24.8 days, `Infinity` too, would make it fire at once. */
export function timerMs(ms: number): number {
  return Math.min(ms, longestTimerMs);
}

/** A timer that keeps no process alive: what waits at the end of the program is the exit guard's business. */
export function after(ms: number, action: () => void): NodeJS.Timeout {
  return setTimeout(action, timerMs(ms)).unref();
}
