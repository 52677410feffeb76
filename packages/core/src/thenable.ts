/** Whether a value can be waited for. Looks only; a thenable that misbehaves is tamed by `Promise.resolve`. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
