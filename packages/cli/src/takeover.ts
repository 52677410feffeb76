import type { RunState } from "@loops/fsm";

/** A run, and whether a process carries it out. */
export interface SeenRun {
  readonly run: RunState;
  readonly owned: boolean;
}

/**
 * Whether a run waits for somebody to go on with it: it says that it runs, and its process is gone. One that somebody has
 * stopped says `interrupted`, and is left to them. A child is gone on with by its parent, however deep it lies, and one
 * whose parent has ended has nobody to tell what it came to.
 */
export function isAbandoned({ run, owned }: SeenRun): boolean {
  return run.status === "running" && !owned && (run.parent_run_id ?? null) === null;
}

/**
 * At most `count` of them, at random: of several workers that look at the same time, most find a run of their own.
 *
 * @param random uniform in [0, 1)
 */
export function pickSome<T>(all: readonly T[], count: number, random: () => number = Math.random): readonly T[] {
  const left = [...all];
  const picked: T[] = [];
  while (picked.length < count && left.length > 0) {
    picked.push(...left.splice(Math.floor(random() * left.length), 1));
  }
  return picked;
}

const firstPauseMs = 1000;
const longestPauseMs = 60_000;

/** When a run that could not be gone on with is tried again: each time after twice as long. */
export class RetryTimes {
  readonly #failures = new Map<string, { readonly count: number; readonly dueMs: number }>();

  /** Whether it may be tried. */
  isDue(runId: string, nowMs: number): boolean {
    return nowMs >= (this.#failures.get(runId)?.dueMs ?? 0);
  }

  /** @returns after how many milliseconds it is due again */
  failed(runId: string, nowMs: number): number {
    const count = (this.#failures.get(runId)?.count ?? 0) + 1;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (count - 1));
    this.#failures.set(runId, { count, dueMs: nowMs + pauseMs });
    return pauseMs;
  }

  /** It is another's, or was: not a failure, but nothing to be tried again at once. */
  postpone(runId: string, untilMs: number): void {
    this.#failures.set(runId, { count: this.#failures.get(runId)?.count ?? 0, dueMs: untilMs });
  }

  succeeded(runId: string): void {
    this.#failures.delete(runId);
  }

  /** Forgets runs that are not there any more. */
  keepOnly(runIds: ReadonlySet<string>): void {
    for (const runId of this.#failures.keys()) if (!runIds.has(runId)) this.#failures.delete(runId);
  }
}
