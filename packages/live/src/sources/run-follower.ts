import type { LoopEvent, StateStore, StoredRun } from "@loops/core";

/** How far the events of one run have been read from its store. */
export interface FollowedRun {
  readonly runId: string;
  readonly loop: string;
  read: number;
  /** Whether there can be more. */
  live: boolean;
  /** Whether its events could not be read the last time: they are still to come. */
  failed: boolean;
  /** The state in which it stood when it was listed last. */
  stored: StoredRun;
  /** How many child runs it had had when they were last looked for, and how often that was. */
  soughtFor: number;
  sought: number;
}

/** What came since the last time. */
export async function readNew(store: Pick<StateStore, "readEvents">, run: FollowedRun): Promise<readonly LoopEvent[]> {
  run.failed = true;
  const events = await store.readEvents(run.loop, run.runId, run.read);
  run.failed = false;
  run.read += events.length;
  return events;
}

/** Events of several runs as one sequence: by time, and those of one run always in their own order. */
export function mergeByTime(lists: readonly (readonly LoopEvent[])[]): readonly LoopEvent[] {
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  // A clock that was set back must not turn a run around: within it, time never falls.
  const keyed = filled.flatMap((list, source) => {
    let latest = "";
    return list.map((event, index) => {
      if (event.ts > latest) latest = event.ts;
      return { event, at: latest, source, index };
    });
  });
  keyed.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.source - b.source || a.index - b.index));
  return keyed.map(({ event }) => event);
}
