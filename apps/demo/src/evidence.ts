import type { LoopEvent } from "@loops/core";

/** What the files say about a run, for {@link judge}. */
export interface Evidence {
  /** From the store's journal. */
  readonly committed: readonly LoopEvent[];
  /** What each sink has, as read on its other side: an event can be there twice. */
  readonly readBack: readonly ReadBack[];
  /** Each time an action really began: the key it was given. */
  readonly begun: readonly string[];
}

export interface ReadBack {
  readonly sink: string;
  /** The id of every event, as often as it is there. */
  readonly ids: readonly string[];
}

/** What became of the committed events in one sink. */
export interface SinkVerdict {
  readonly sink: string;
  /** Committed events that it has. */
  readonly found: number;
  /** Committed events that it does not have. */
  readonly missing: number;
  /** Events that it has more than once: sent again after the kill, because nobody could know. */
  readonly doubled: number;
}

export interface Verdict {
  readonly committed: number;
  readonly sinks: readonly SinkVerdict[];
  /** Actions whose result was recorded and that began again afterwards. */
  readonly repeated: readonly string[];
  /** Actions that a kill cut off. */
  readonly inDoubt: number;
  readonly actions: number;
}

/** Compares what was promised with what the files say. Pure. */
export function judge({ committed, readBack, begun }: Evidence): Verdict {
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
    committed: committed.length,
    sinks: readBack.map((sink) => judgeSink(committed, sink)),
    repeated: [...again],
    inDoubt: named("action_in_doubt"),
    actions: named("action_complete"),
  };
}

function judgeSink(committed: readonly LoopEvent[], { sink, ids }: ReadBack): SinkVerdict {
  const there = new Set(ids);
  const found = committed.filter(({ id }) => there.has(id)).length;
  return { sink, found, missing: committed.length - found, doubled: ids.length - there.size };
}
