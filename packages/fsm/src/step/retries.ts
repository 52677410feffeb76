import type { RunState } from "../run-state.js";

type Counts = RunState["retry_counts"];

/** The counts once `current_state` is looked at: one more if the run comes from there, else the state before is done. */
export function countRetry({
  current_state: current,
  previous_state: previous,
  retry_counts: counts,
}: RunState): Counts {
  if (previous === null) return counts;
  if (current === previous) return { ...counts, [current]: countOf(counts, current) + 1 };
  return without(counts, previous);
}

/** States may be named like members of Object.prototype: `constructor` was not retried because there is one. */
export function countOf(counts: Counts, name: string): number {
  return Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0;
}

export function without(counts: Counts, name: string): Counts {
  if (!Object.hasOwn(counts, name)) return counts;
  return Object.fromEntries(Object.entries(counts).filter(([key]) => key !== name));
}
