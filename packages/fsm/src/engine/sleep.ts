import { timerMs } from "@loops/core";

/** Resolves after `ms`, or at once when the signal aborts, and leaves neither timer nor listener behind. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, timerMs(ms));
    signal.addEventListener("abort", finish, { once: true });
  });
}
