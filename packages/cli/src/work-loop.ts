import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage, isLoopsError, type StateStore } from "@loops/core";
import type { RunState } from "@loops/fsm";
import { isAbandoned, pickSome, RetryTimes } from "./takeover.js";

export interface WorkLoopOptions {
  readonly store: StateStore<RunState>;
  /** So many runs at a time. */
  readonly concurrency: number;
  readonly pollMs: number;
  /** Ends when nothing is left that can be gone on with now. */
  readonly once: boolean;
  /** Aborting it ends the loop, once the runs under way have been given up. */
  readonly signal: AbortSignal;
  /** Goes on with a run to its end, or rejects. */
  readonly goOn: (run: RunState) => Promise<void>;
  /** Is told what could not be done. */
  readonly onTrouble: (message: string) => void;
}

/** The run or a child of it is another's, or was ended by somebody: no trouble, and looked at again with the next look. */
const othersBusiness = [
  "LOOPS_RUN_OWNED",
  "LOOPS_RUN_NOT_FOUND",
  "LOOPS_NOT_RESUMABLE",
  "LOOPS_LEASE_LOST",
  "LOOPS_GIVEN_UP",
];

/**
 * Goes on with runs whose process is gone, several at a time, until it is told to end. One that cannot be gone on with is
 * tried again after a pause that doubles; a store that cannot be read, with the next look.
 *
 * @returns how often a run could not be gone on with
 * @throws what the store throws at the first look: then there is nothing to work on
 */
export async function workLoop(options: WorkLoopOptions): Promise<number> {
  const { store, concurrency, pollMs, once, signal, onTrouble } = options;
  const retries = new RetryTimes();
  const active = new Map<string, Promise<void>>();
  let troubles = 0;

  const begin = (run: RunState) => {
    const { run_id } = run;
    const going = options.goOn(run).then(
      () => retries.succeeded(run_id),
      (error: unknown) => {
        if (othersBusiness.some((code) => isLoopsError(error, code))) {
          return retries.postpone(run_id, performance.now() + pollMs);
        }
        troubles += 1;
        const pauseMs = retries.failed(run_id, performance.now());
        onTrouble(
          `run ${run_id} of ${run.loop_name} cannot be gone on with, tried again after ${pauseMs / 1000} s: ${errorMessage(error)}`,
        );
      },
    );
    active.set(
      run_id,
      going.finally(() => active.delete(run_id)),
    );
  };

  /** @returns whether there are more than can be begun now */
  const look = async (): Promise<void> => {
    const free = concurrency - active.size;
    if (free <= 0) return;
    const { runs } = await store.list();
    retries.keepOnly(new Set(runs.map(({ run_id }) => run_id)));
    const open = runs.filter((run) => isAbandoned({ run, owned: false }) && !active.has(run.run_id));
    // Asked at once: a store may then answer from one look at what it has.
    const seen = await Promise.all(open.map(async (run) => ({ run, owned: await store.isOwned(run.run_id) })));
    const due = seen.filter((one) => isAbandoned(one) && retries.isDue(one.run.run_id, performance.now()));
    if (!signal.aborted) for (const { run } of pickSome(due, free)) begin(run);
  };

  const left = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  for (let first = true; !signal.aborted; first = false) {
    try {
      // A store that does not answer keeps nobody who wants to leave.
      await Promise.race([look(), left]);
    } catch (error) {
      if (first) throw error;
      onTrouble(`the runs cannot be looked at, tried again: ${errorMessage(error)}`);
    }
    if (once && active.size === 0) break;
    await nextOccasion([...active.values()], pollMs, signal);
  }
  await Promise.all(active.values());
  return troubles;
}

/** When a run has ended there is room for another one at once; otherwise with the next look. */
async function nextOccasion(active: readonly Promise<void>[], pollMs: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  // Not all at the same moment, where several workers were started together.
  const pause = sleep(pollMs * (0.75 + Math.random() / 2), undefined, {
    signal: AbortSignal.any([signal, over.signal]),
  });
  await Promise.race([pause.catch(() => undefined), ...active]);
  over.abort();
}
