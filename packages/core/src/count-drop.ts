import type { DropReason } from "./transport.js";

/** Adds to a count of drops; a reason that never happened has no entry. */
export function countDrop(dropped: Record<string, number>, reason: DropReason, count = 1): void {
  if (count > 0) dropped[reason] = (dropped[reason] ?? 0) + count;
}
