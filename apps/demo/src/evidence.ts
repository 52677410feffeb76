import type { LoopEvent } from "@loops/core";

/** What the files say about a run, for {@link judge}. */
export interface Evidence {
  /** From the store's journal. */
  readonly committed: readonly LoopEvent[];
  /** From the jsonl sink's file, as read: an event can be there twice. */
  readonly received: readonly LoopEvent[];
  /** Each time an action really began: the key it was given. */
  readonly begun: readonly string[];
}

export interface Verdict {
  /** Committed events that the sink does not have. */
  readonly missing: readonly LoopEvent[];
  /** Events that the sink has more than once: sent again after the kill, because nobody could know. */
  readonly doubled: number;
  /** Actions whose result was recorded and that began again afterwards. */
  readonly repeated: readonly string[];
  /** Actions that a kill cut off. */
  readonly inDoubt: number;
  readonly actions: number;
}

/** Compares what was promised with what the files say. Pure. */
export function judge({ committed, received, begun }: Evidence): Verdict {
  const ids = new Set(received.map((event) => event.id));
  const named = (name: string) => committed.filter((event) => event.event === name).length;

  const recorded = new Set<unknown>();
  const again = new Set<string>();
  let iteration: unknown;
  for (const event of committed) {
    if (event.event === "state_enter") iteration = event["iteration"];
    if (event.event === "action_start" && recorded.has(iteration)) again.add(`iteration ${iteration}`);
    if (event.event === "action_complete") recorded.add(iteration);
  }
  // Beyond what the journal says of itself: an action may begin more than once only where a kill left it in doubt.
  const times = new Map<string, number>();
  for (const key of begun) times.set(key, (times.get(key) ?? 0) + 1);
  const extra = [...times].filter(([, count]) => count > 1);
  const surplus = extra.reduce((sum, [, count]) => sum + count - 1, 0);
  if (surplus > named("action_in_doubt")) for (const [key] of extra) again.add(key);

  return {
    missing: committed.filter((event) => !ids.has(event.id)),
    doubled: received.length - ids.size,
    repeated: [...again],
    inDoubt: named("action_in_doubt"),
    actions: named("action_complete"),
  };
}
