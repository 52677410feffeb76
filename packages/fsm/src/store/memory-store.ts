import {
  type LoopEvent,
  LoopsError,
  type RunLease,
  type StateDelta,
  type StateStore,
  type StoredEvent,
} from "@loops/core";
import { checkLoopName } from "../definition/names.js";
import type { RunState } from "../run-state.js";
import { applyDelta } from "../step/delta.js";
import { checkEvents } from "./commit-codec.js";
import { hasEnded } from "./has-ended.js";
import { isChild, newestFirst } from "./run-list.js";
import { leaseLost, runExists, runNotEnded, runNotFound, runOwned } from "./store-errors.js";

/** One run in memory. */
interface MemoryRun {
  state: RunState;
  /** The latest; `forgotten` came before them. */
  readonly events: LoopEvent[];
  forgotten: number;
  epoch: number;
  flushedSeq: number;
  leased: boolean;
  stopRequested: boolean;
  archived: boolean;
  /** Took the loop's own place, not one beside a run that was alive. */
  readonly first: boolean;
}

export interface MemoryStoreOptions {
  /**
   * Events kept of each run, at least; so that a loop without end does not fill the memory. Twice as many may be there
   * before the oldest are forgotten, and none is before it has reached the sinks. A reader is given what is left.
   * @default 100000
   */
  readonly maxEvents?: number | undefined;
}

/**
 * Keeps runs in this process: for tests, and for loops that need not survive it. The same promises as the file store,
 * but for durability, and for old events of long runs. States and events are kept as they are given, not copied.
 *
 * @throws LoopsError `LOOPS_CONFIG` for a `maxEvents` that is no number of events
 */
export function memoryStore({ maxEvents = 100_000 }: MemoryStoreOptions = {}): StateStore<RunState> {
  if (!(typeof maxEvents === "number" && maxEvents >= 1)) {
    throw new LoopsError("LOOPS_CONFIG", `[memory-store] maxEvents must be a number from 1, not ${String(maxEvents)}`);
  }
  const all = new Map<string, MemoryRun>();
  const present = () => [...all.values()].filter((run) => !run.archived && seqOf(run) > 0);
  /** What a child came to is its parent's to record. */
  const isWaitedFor = ({ state }: MemoryRun): boolean =>
    present().some((other) => other.state.run_id === state.parent_run_id);
  const archiveWithChildren = (run: MemoryRun): void => {
    if (run.leased) return;
    for (const child of present()) if (child.state.parent_run_id === run.state.run_id) archiveWithChildren(child);
    run.archived = true;
  };
  const get = (runId: string): MemoryRun => {
    const run = all.get(runId);
    if (run === undefined || run.archived) throw runNotFound(runId);
    return run;
  };

  return {
    create(state, { clearPrevious = true } = {}) {
      checkLoopName(state.loop_name);
      if (all.has(state.run_id)) throw runExists(state.run_id);
      const child = isChild(state);
      const ofLoop = present().filter((run) => run.state.loop_name === state.loop_name);
      for (const run of clearPrevious && !child ? ofLoop : []) {
        const isOver = run.first || (hasEnded(run.state.status) && !isWaitedFor(run));
        if (isOver) archiveWithChildren(run);
      }
      const run: MemoryRun = {
        state,
        events: [],
        forgotten: 0,
        epoch: 0,
        flushedSeq: 0,
        leased: false,
        stopRequested: false,
        archived: false,
        first: !child && ofLoop.every((other) => other.archived || !other.first),
      };
      all.set(state.run_id, run);
      return new MemoryLease(run, maxEvents, () => all.delete(state.run_id));
    },

    acquire(runId) {
      const run = get(runId);
      if (run.leased) throw ownedHere(runId);
      return new MemoryLease(run, maxEvents, () => undefined);
    },

    find(nameOrRunId) {
      const runs = present().map((run) => run.state);
      const ofLoop = runs.filter((run) => run.loop_name === nameOrRunId && !isChild(run)).sort(newestFirst);
      return ofLoop[0] ?? runs.find((run) => run.run_id === nameOrRunId) ?? null;
    },

    isOwned: (runId) => all.get(runId)?.leased ?? false,

    list: () => ({ runs: present().map((run) => run.state), corrupt: [] }),

    history(loop) {
      const archived = [...all.values()].filter((run) => run.archived && run.state.loop_name === loop);
      return { runs: archived.map((run) => run.state).sort(newestFirst), corrupt: [] };
    },

    readEvents(loop, runId, after = 0) {
      const run = all.get(runId);
      return run?.state.loop_name === loop ? run.events.slice(Math.max(0, after - run.forgotten)) : [];
    },

    requestStop(runId) {
      const run = get(runId);
      run.stopRequested = run.leased;
    },

    archive(runId, { resumable = false } = {}) {
      const run = all.get(runId);
      if (run === undefined || seqOf(run) === 0) throw runNotFound(runId);
      if (run.archived) return;
      if (run.leased) throw ownedHere(runId);
      if (!resumable && !hasEnded(run.state.status)) throw runNotEnded(runId, run.state.status);
      archiveWithChildren(run);
    },
  };
}

function ownedHere(runId: string): LoopsError {
  return runOwned(runId, { pid: process.pid, start_time: null, boot_id: null, host: "here" }, "", false);
}

/** How many events were committed. */
function seqOf({ events, forgotten }: MemoryRun): number {
  return forgotten + events.length;
}

class MemoryLease implements RunLease<RunState> {
  readonly epoch: number;
  readonly #run: MemoryRun;
  readonly #maxEvents: number;
  readonly #discard: () => void;
  #released = false;

  constructor(run: MemoryRun, maxEvents: number, discard: () => void) {
    run.leased = true;
    run.stopRequested = false;
    run.epoch += 1;
    this.epoch = run.epoch;
    this.#run = run;
    this.#maxEvents = maxEvents;
    this.#discard = discard;
  }

  get runId(): string {
    return this.#run.state.run_id;
  }

  get state(): RunState {
    return this.#run.state;
  }

  get seq(): number {
    return seqOf(this.#run);
  }

  get flushedSeq(): number {
    return this.#run.flushedSeq;
  }

  commit(events: readonly LoopEvent[], delta: StateDelta): void {
    if (this.#released) throw leaseLost(this.runId, this.epoch);
    checkEvents(this.runId, events);
    this.#run.state = applyDelta(this.#run.state, delta);
    this.#run.events.push(...events);
    if (this.#run.events.length >= 2 * this.#maxEvents) this.#forget();
  }

  events(after: number): readonly StoredEvent[] {
    const { events, forgotten } = this.#run;
    const from = Math.max(after, forgotten);
    return events.slice(from - forgotten).map((event, index) => ({ seq: from + index + 1, event }));
  }

  stopRequested(): boolean {
    return this.#run.stopRequested;
  }

  markFlushed(seq: number): void {
    this.#run.flushedSeq = Math.max(this.#run.flushedSeq, Math.min(seq, this.seq));
  }

  #forget(): void {
    const { events, forgotten, flushedSeq } = this.#run;
    const tooMany = Math.min(events.length - this.#maxEvents, flushedSeq - forgotten);
    if (tooMany <= 0) return;
    events.splice(0, tooMany);
    this.#run.forgotten += tooMany;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#run.leased = false;
    if (this.seq === 0) this.#discard();
  }
}
