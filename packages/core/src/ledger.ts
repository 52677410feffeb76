import type { DropReason } from "./transport.js";

/** What became of events, by the accounting equation of `TransportStats`. */
export interface Ledger {
  received: number;
  delivered: number;
  readonly dropped: Record<string, number>;
}

export const createLedger = (): Ledger => ({ received: 0, delivered: 0, dropped: {} });

/** Adds to a count of drops; a reason that never happened has no entry. */
export function countDrop(dropped: Record<string, number>, reason: DropReason, count = 1): void {
  if (count > 0) dropped[reason] = (dropped[reason] ?? 0) + count;
}
