import type { GroupCounts } from "./context.js";
import type { HeldEntries } from "./held.js";

/**
 * What became of the entries. At every look `received` is the sum of `handled`, `retried`, `deadLettered`, `lost`,
 * `released`, `queued`, `running` and `acknowledging`.
 */
export interface GroupStats extends Readonly<GroupCounts> {
  /** Waiting in this process. */
  readonly queued: number;
  /** In a handler. In the report of a stop: not done when the time was over. */
  readonly running: number;
  /** Handled or put aside, and Redis has not yet answered that it knows. */
  readonly acknowledging: number;
}

export function newCounts(): GroupCounts {
  return { received: 0, claimed: 0, handled: 0, retried: 0, deadLettered: 0, lost: 0, released: 0, missed: 0 };
}

export function statsOf(counts: GroupCounts, held: HeldEntries): GroupStats {
  const { queued, running, acknowledging } = held;
  return { ...counts, queued, running, acknowledging };
}
