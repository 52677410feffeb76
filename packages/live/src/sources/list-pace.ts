/** Looking for runs by itself may take this part of the time at most. */
const ownShare = 0.05;

/** Looking for them on demand may take this part of it, and of what was not used, so much at once. */
const demand = { share: 0.2, maxMs: 2000 };

/** Why runs are looked for: one asks, there may be new children of those that run, or it is only time. */
export type ListReason = "asked" | "children" | "time";

/** When to look for new runs: a store of many takes long to list. */
export class ListPace {
  readonly #everyMs: number;
  #next = 0;
  /** Before this, not even for children. */
  #soonest = 0;
  #creditMs = demand.maxMs;
  #askedAt = 0;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  isDue(reason: ListReason): boolean {
    const now = performance.now();
    this.#creditMs = Math.min(demand.maxMs, this.#creditMs + (now - this.#askedAt) * demand.share);
    this.#askedAt = now;
    return (
      now >= this.#next || (reason === "children" && now >= this.#soonest) || (reason === "asked" && this.#creditMs > 0)
    );
  }

  /** Runs were listed, which took so long. */
  took(ms: number): void {
    const now = performance.now();
    this.#creditMs -= ms;
    this.#soonest = now + ms / ownShare;
    this.#next = Math.max(now + this.#everyMs, this.#soonest);
  }
}
