/** A longer delay would make a timer fire at once. */
export const maxTimerMs = 0x7fffffff;

/** A timer that keeps no process alive: what waits at the end of the program is the exit guard's business. */
export function after(ms: number, action: () => void): NodeJS.Timeout {
  return setTimeout(action, Math.min(ms, maxTimerMs)).unref();
}
