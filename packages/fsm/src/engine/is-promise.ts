/** Whether there is something to wait for: awaiting what is there already costs more than all the rest of a step. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
