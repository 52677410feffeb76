import { timerMs } from "@loops/core";

/** What `work` resolves with, or `fallback` once `timeoutMs` have passed. Rejects as `work` does. */
export async function within<T>(work: Promise<T>, timeoutMs: number, fallback: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, timerMs(timeoutMs), fallback);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
