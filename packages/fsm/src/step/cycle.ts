import type { LoopDefinition } from "../definition/types.js";
import type { RunState } from "../run-state.js";
import { cycleDetected } from "./drafts.js";
import type { Changes } from "./taken.js";
import type { EventDraft } from "./types.js";

/**
 * Counts the way from the current state to `to`, only where the loop sets `max_edge_revisits`. Returns the event of a
 * cycle once the way was taken more often than that.
 */
export function countEdge(
  { max_edge_revisits: max }: LoopDefinition,
  { current_state: from, edge_revisit_counts: counts = {} }: RunState,
  changes: Changes,
  to: string,
): EventDraft | null {
  if (max === undefined) return null;
  const edge = `${from}->${to}`;
  const count = (Object.hasOwn(counts, edge) ? (counts[edge] ?? 0) : 0) + 1;
  changes.edge_revisit_counts = { ...counts, [edge]: count };
  return count > max ? cycleDetected(edge, from, to, count, max) : null;
}
