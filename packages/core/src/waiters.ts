/** Somebody waits until everything up to a sequence number is settled. */
export interface Wait {
  readonly settled: Promise<void>;
  /** How many of those it waits for were lost so far. */
  lost: number;
  /** Gives up waiting. */
  release(): void;
}

/** Those who wait for a queue, each up to the last item it had when the wait began. */
export class Waiters {
  readonly #waiters = new Set<Wait & { readonly target: number; readonly done: () => void }>();

  /** Waits until everything up to `target` is settled. The caller tells {@link settle} where things stand right after. */
  add(target: number): Wait {
    let done = () => {};
    const settled = new Promise<void>((resolve) => {
      done = resolve;
    });
    const waiter = { target, done, settled, lost: 0, release: () => void this.#waiters.delete(waiter) };
    this.#waiters.add(waiter);
    return waiter;
  }

  /** Everything below `firstUnsettled` is settled. Counting settled items instead would be wrong with drop-oldest. */
  settle(firstUnsettled: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.target >= firstUnsettled) continue;
      this.#waiters.delete(waiter);
      waiter.done();
    }
  }

  /** `count` items from number `first` on were dropped. */
  countLost(count: number, first: number): void {
    for (const waiter of this.#waiters) if (first <= waiter.target) waiter.lost += count;
  }
}
