import { timerMs } from "./timer.js";
import type { Deadline } from "./transport.js";

/** When a {@link Deadline} ends, as a moment that can be handed on: what remains of it shrinks while time passes. */
export interface Due {
  remaining(): Required<Deadline>;
  /**
   * Whether `work` settled in time. Rejects as `work` does; releases its timer and listener either way.
   *
   * @param slackMs more time, for work that knows the deadline itself and is ending because of it
   */
  wait(work: PromiseLike<unknown>, slackMs?: number): Promise<boolean>;
}

/** Starts the clock of `deadline`; `defaultMs` holds where it names no time. */
export function startDeadline(deadline: Deadline | undefined, defaultMs: number): Due {
  const signal = deadline?.signal;
  const ends = performance.now() + (deadline?.timeoutMs ?? defaultMs);
  const remaining = () => ({ timeoutMs: signal?.aborted ? 0 : Math.max(0, ends - performance.now()), signal });

  const wait = async (work: PromiseLike<unknown>, slackMs = 0): Promise<boolean> => {
    let timer: NodeJS.Timeout | undefined;
    let onAbort = () => {};
    const expired = new Promise<false>((resolve) => {
      // Ref'd on purpose: whoever awaits a deadline is owed its answer before the process ends.
      onAbort = () => {
        clearTimeout(timer);
        timer = setTimeout(resolve, timerMs(remaining().timeoutMs + slackMs), false);
      };
    });
    onAbort();
    signal?.addEventListener("abort", onAbort);
    try {
      return await Promise.race([work.then(() => true), expired]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  };

  return { remaining, wait };
}
