import { AssertionError } from "node:assert/strict";
import type { TransportStats } from "@loops/core";

/** Events a transport holds in memory: neither delivered nor dropped, nor kept on disk. */
export function heldBy(stats: TransportStats): number {
  return stats.queued + stats.inFlight;
}

/** Events dropped for any reason. */
export function droppedBy(stats: TransportStats): number {
  return Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
}

/** What is wrong with the accounts of a transport, or nothing. Pure. */
export function accountingFlaw(stats: TransportStats): string | undefined {
  const { received, delivered, queued, inFlight, spooled } = stats;
  const counts = { received, delivered, queued, inFlight, spooled, ...stats.dropped };
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isInteger(count) || count < 0) return `${name} is ${count}, which is no count`;
  }
  if ("" in stats.dropped) return "events were dropped for a reason without a name";
  const sum = delivered + droppedBy(stats) + heldBy(stats) + spooled;
  if (sum === received) return undefined;
  const parts = `delivered ${delivered} + dropped ${droppedBy(stats)} + queued ${queued} + in flight ${inFlight} + spooled ${spooled}`;
  return `received ${received}, but ${parts} = ${sum}`;
}

/**
 * Holds the statistics of a transport, or a sink of `bus.stats()`, to the accounting equation
 * `received = delivered + dropped + queued + inFlight + spooled`.
 *
 * @throws AssertionError that shows the sum
 */
export function checkAccounting(stats: TransportStats): void {
  const flaw = accountingFlaw(stats);
  if (flaw === undefined) return;
  throw new AssertionError({ message: `The accounts do not add up: ${flaw}`, operator: "checkAccounting" });
}
