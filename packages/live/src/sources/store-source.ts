import {
  type CorruptRun,
  createReporter,
  type LoopEvent,
  type StateStore,
  type StoredRun,
  startDeadline,
  timerMs,
} from "@loops/core";
import type { LiveFeed } from "../live-feed.js";
import { childLoopsOf, childrenOf } from "./child-runs.js";
import { identityFrame, statusFrame } from "./identity-frame.js";
import { ListPace } from "./list-pace.js";
import { type FollowedRun, mergeByTime, readNew } from "./run-follower.js";
import type { LiveSource } from "./source.js";
import { resolveStoreOptions, type StoreSourceOptions } from "./store-options.js";

/** A {@link LiveSource} that reads a store. */
export interface StoreSource extends LiveSource {
  /**
   * Reads what there is now, without waiting for the next look: new runs too, unless it is asked for so often that looking
   * for them would take all of the time. Never rejects: what failed was reported.
   */
  catchUp(): Promise<void>;
}

/** So often a child run is looked for in the history. */
const maxSought = 8;

/** Ids of runs that are not shown. */
const maxPassed = 100_000;
/** Runs kept in mind, more only where more of them run. */
const maxFollowed = 1000;

/**
 * Fills a feed from where runs are kept: recent runs once, running ones as they go on. It reads only, and needs nothing
 * from the programs that carry the runs out.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function storeSource<S extends StoredRun>(
  feed: LiveFeed,
  store: Pick<StateStore<S>, "list" | "history" | "readEvents" | "isOwned">,
  options: StoreSourceOptions = {},
): StoreSource {
  const { pollMs, listMs, maxEnded, loops, onError } = resolveStoreOptions(store, options);
  const report = createReporter("live/store", onError);
  const followed = new Map<string, FollowedRun>();
  /** Ended and not among the recent ones when first seen: never looked at again. */
  const passed = new Set<string>();
  /** Loops whose history is still to be read. */
  let unread = loops;
  /** Runs that the store has told to be unreadable, by place. */
  const corrupt = new Set<string>();
  const pace = new ListPace(listMs);
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> = Promise.resolve();
  let closed = false;

  const inTurn = (isAsked: boolean) => {
    turn = turn.then(() => look(isAsked)).catch(report);
    return turn;
  };
  const goOn = async () => {
    await inTurn(false);
    if (!closed) timer = setTimeout(goOn, timerMs(pollMs));
  };
  void goOn();

  async function look(isAsked: boolean): Promise<void> {
    if (closed) return;
    const alive = pace.isDue(isAsked ? "asked" : mayHaveNewChildren() ? "children" : "time") ? await list() : null;
    await hear([...followed.values()].filter(({ live }) => live));
    await adoptChildren();
    if (alive !== null) settle(alive);
  }

  /** What is new of these runs. One that cannot be read hides no other, and is tried again. */
  async function hear(runs: readonly FollowedRun[]): Promise<void> {
    const lists: (readonly LoopEvent[])[] = [];
    for (const run of runs) await tried(async () => lists.push(await readNew(store, run)));
    for (const event of mergeByTime(lists)) feed.hear(event);
  }

  /** `undefined` where it failed, which was reported. */
  async function tried<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      report(error);
      return undefined;
    }
  }

  /** Which runs there are; of those that say so, which really run. */
  async function list(): Promise<ReadonlyMap<string, boolean>> {
    const begun = performance.now();
    const { runs, corrupt: unreadable } = await store.list();
    tellOnce(unreadable);
    const alive = new Map<string, boolean>();
    for (const { run_id, status } of runs) {
      // Where it cannot be found out, nobody is said to be dead.
      alive.set(run_id, status === "running" && ((await tried(() => store.isOwned(run_id))) ?? true));
    }
    const archived = await readHistory(runs);
    const known = new Set(runs.map(({ run_id }) => run_id));
    take([...runs, ...archived.filter(({ run_id }) => !known.has(run_id))]);
    for (const run of runs) {
      const mine = followed.get(run.run_id);
      if (mine === undefined) continue;
      mine.stored = run;
      // Gone on with after it had ended.
      if (alive.get(run.run_id)) mine.live = true;
    }
    forget();
    pace.took(performance.now() - begun);
    return alive;
  }

  /** Listed anew with every look, told with the first. */
  function tellOnce(unreadable: readonly CorruptRun[]): void {
    for (const { where, error } of unreadable) if (!corrupt.has(where)) report(error);
    corrupt.clear();
    for (const { where } of unreadable) corrupt.add(where);
  }

  /** Archived runs: those that are asked for, and those that ended unseen before a new run of their loop cleared them away. */
  async function readHistory(runs: readonly StoredRun[]): Promise<readonly StoredRun[]> {
    const fresh = runs.filter(({ run_id }) => !followed.has(run_id) && !passed.has(run_id));
    const names = new Set([...unread, ...fresh.map(({ loop_name }) => loop_name)]);
    const archived: StoredRun[] = [];
    unread = [];
    for (const name of names) archived.push(...(await historyOf(name)));
    return archived;
  }

  /** One loop whose history cannot be read hides no other, and nothing that runs. */
  async function historyOf(loop: string): Promise<readonly S[]> {
    return (await tried(() => store.history(loop)))?.runs ?? [];
  }

  /** Follows what runs and what has ended lately, and tells the feed who they are. */
  function take(runs: readonly StoredRun[]): void {
    const fresh = runs.filter(
      ({ run_id, status }) => !followed.has(run_id) && (status === "running" || !passed.has(run_id)),
    );
    const ended = fresh.filter((run) => run.status !== "running" && (run.parent_run_id ?? null) === null);
    const recent = new Set(ended.sort(byStart).slice(-maxEnded));
    for (const run of fresh.sort(byStart)) {
      const parent = run.parent_run_id ?? null;
      const wanted = run.status === "running" || recent.has(run) || (parent !== null && followed.has(parent));
      if (wanted) follow(run);
      else passed.add(run.run_id);
    }
  }

  /** A page may stay open for weeks: of what has ended, only the latest is kept in mind. */
  function forget(): void {
    for (const runId of passed) {
      if (passed.size <= maxPassed) break;
      passed.delete(runId);
    }
    if (followed.size <= maxFollowed) return;
    for (const run of followed.values()) {
      if (followed.size <= maxFollowed) return;
      if (run.live) continue;
      followed.delete(run.runId);
      passed.add(run.runId);
    }
  }

  function follow(stored: StoredRun): FollowedRun {
    const { run_id: runId, loop_name: loop } = stored;
    const run: FollowedRun = { runId, loop, read: 0, live: true, failed: false, stored, soughtFor: 0, sought: 0 };
    followed.set(runId, run);
    feed.see(identityFrame(stored));
    return run;
  }

  /** What the events did not say: that the process is gone, or how a run ended whose events say nothing. */
  function settle(alive: ReadonlyMap<string, boolean>): void {
    for (const run of followed.values()) {
      if (!run.live) continue;
      const runs = alive.get(run.runId) ?? false;
      run.live = runs || run.failed;
      if (runs || feed.run(run.runId)?.status !== "running") continue;
      // Listed before its events were read: where it still ran then, only that is known which will be so for ever.
      const { status } = run.stored;
      feed.see(status === "running" ? { run_id: run.runId, alive: false } : statusFrame(run.stored, false));
    }
  }

  function mayHaveNewChildren(): boolean {
    return [...followed.values()].some(({ live, stored }) => live && childLoopsOf(stored).length > 0);
  }

  /** A child that began and ended between two looks is archived: its parent's events tell that there was one. */
  async function adoptChildren(): Promise<void> {
    const names = new Set<string>();
    for (const parent of followed.values()) {
      const run = feed.run(parent.runId);
      if (run === undefined) continue;
      const { left, loops } = childrenOf(run);
      const children = [...followed.values()].filter(({ stored }) => stored.parent_run_id === parent.runId).length;
      if (children >= left) continue;
      if (parent.soughtFor !== left) [parent.soughtFor, parent.sought] = [left, 0];
      // Archived a moment after its parent has said so; one that is not found by its name stays unfound.
      if (parent.sought++ < maxSought) for (const loop of loops) names.add(loop);
    }
    const found: FollowedRun[] = [];
    for (const name of names) {
      for (const run of (await historyOf(name)).toReversed()) {
        const parent = run.parent_run_id ?? null;
        if (parent !== null && followed.has(parent) && !followed.has(run.run_id)) found.push(follow(run));
      }
    }
    await hear(found);
  }

  return {
    catchUp: () => inTurn(true),
    async close(deadline) {
      closed = true;
      clearTimeout(timer);
      await startDeadline(deadline, 1000).wait(turn);
      report.end();
    },
  };
}

function byStart(a: StoredRun, b: StoredRun): number {
  return a.started_at < b.started_at ? -1 : a.started_at > b.started_at ? 1 : 0;
}
