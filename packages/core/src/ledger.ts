import type { DropReason } from "./transport.js";

/** What became of events, by the accounting equation of `TransportStats`. */
export class Ledger {
  received = 0;
  delivered = 0;
  readonly #dropped: Record<string, number> = {};

  drop(reason: DropReason, count = 1): void {
    if (count > 0) this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count;
  }

  /** A copy: what was handed out does not change later. */
  get dropped(): Record<string, number> {
    return { ...this.#dropped };
  }
}
