import { timerMs } from "@loops/core";

/** How the wait for an action was over. */
export type End<T> =
  | { readonly kind: "exited"; readonly status: T }
  | { readonly kind: "timed-out" }
  | { readonly kind: "aborted" };

export interface WaitForEndOptions<T> {
  /** Must not reject. */
  readonly exited: Promise<T>;
  /** Above 24.8 days it counts as that. */
  readonly timeoutMs: number;
  /** Each of them aborts the wait. */
  readonly signals: readonly AbortSignal[];
}

/** Waits for what comes first, by the clock alone: nothing that the action does or leaves open can hold it up. */
export function waitForEnd<T>({ exited, timeoutMs, signals }: WaitForEndOptions<T>): Promise<End<T>> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let turn: NodeJS.Immediate | undefined;

    const settle = (end: End<T>): void => {
      clearTimeout(timer);
      clearImmediate(turn);
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
      resolve(end);
    };
    const onAbort = (): void => settle({ kind: "aborted" });
    const onTimeout = (): void => {
      // Timers come first in a turn of the event loop. An exit that this process was too busy to hear comes after them,
      // and was in time.
      turn = setImmediate(() => settle({ kind: "timed-out" }));
    };

    if (signals.some((signal) => signal.aborted)) return onAbort();
    for (const signal of signals) signal.addEventListener("abort", onAbort, { once: true });
    timer = setTimeout(onTimeout, timerMs(timeoutMs));
    void exited.then((status) => settle({ kind: "exited", status }));
  });
}
