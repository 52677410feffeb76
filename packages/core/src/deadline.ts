import type { Deadline } from "./transport.js";

/** When a {@link Deadline} ends, as a moment that can be handed on: what remains of it shrinks while time passes. */
export interface Due {
  remaining(): Deadline;
  /** Whether `work` settled in time. Rejects as `work` does; releases its timer and listener either way. */
  wait(work: PromiseLike<unknown>): Promise<boolean>;
}

/** Starts the clock of `deadline`; `defaultMs` holds where it names no time. */
export function startDeadline(deadline: Deadline | undefined, defaultMs: number): Due {
  const ends = performance.now() + (deadline?.timeoutMs ?? defaultMs);
  const signal = deadline?.signal;
  const remaining = (): Deadline => ({ timeoutMs: Math.max(0, ends - performance.now()), signal });

  const wait = (work: PromiseLike<unknown>): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", expire);
      };
      const expire = () => {
        release();
        resolve(false);
      };
      // Ref'd on purpose: whoever awaits a deadline is owed its answer before the process ends.
      const timer = setTimeout(expire, Math.min(remaining().timeoutMs ?? 0, 0x7fffffff));
      signal?.addEventListener("abort", expire, { once: true });
      work.then(
        () => {
          release();
          resolve(true);
        },
        (error: unknown) => {
          release();
          reject(error);
        },
      );
      if (signal?.aborted) expire();
    });

  return { remaining, wait };
}
