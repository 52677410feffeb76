import type { Deadline } from "./transport.js";

/** When a {@link Deadline} ends, as a moment that can be handed on: what remains of it shrinks while time passes. */
export interface Due {
  remaining(): Deadline;
  /**
   * Whether `work` settled in time. Rejects as `work` does; releases its timer and listener either way.
   *
   * @param slackMs more time, for work that knows the deadline itself and is ending because of it
   */
  wait(work: PromiseLike<unknown>, slackMs?: number): Promise<boolean>;
}

/** Longer timers fire at once. */
const maxTimerMs = 0x7fffffff;

/** Starts the clock of `deadline`; `defaultMs` holds where it names no time. */
export function startDeadline(deadline: Deadline | undefined, defaultMs: number): Due {
  const ends = performance.now() + (deadline?.timeoutMs ?? defaultMs);
  const signal = deadline?.signal;
  const remaining = (): Deadline => ({ timeoutMs: Math.max(0, ends - performance.now()), signal });

  const wait = (work: PromiseLike<unknown>, slackMs = 0): Promise<boolean> =>
    new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout;
      const release = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      const expire = () => {
        release();
        resolve(false);
      };
      // Ref'd on purpose: whoever awaits a deadline is owed its answer before the process ends.
      const expireIn = (ms: number) => {
        clearTimeout(timer);
        timer = setTimeout(expire, Math.min(ms, maxTimerMs));
      };
      const abort = () => expireIn(slackMs);
      expireIn((remaining().timeoutMs ?? 0) + slackMs);
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
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
    });

  return { remaining, wait };
}
