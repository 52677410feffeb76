import type { LoopEvent, LoopsError, RunLease, StateDelta, StateStore, StoredEvent } from "@loops/core";
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
  readonly events: LoopEvent[];
  epoch: number;
  flushedSeq: number;
  leased: boolean;
  stopRequested: boolean;
  archived: boolean;
  /** Took the loop's own place, not one beside a run that was alive. */
  readonly first: boolean;
}

/**
 * Keeps runs in this process: for tests, and for loops that need not survive it. The same promises as the file store,
 * but for durability. States and events are kept as they are given, not copied.
 */
export function memoryStore(): StateStore<RunState> {
  const all = new Map<string, MemoryRun>();
  const present = () => [...all.values()].filter((run) => !run.archived && run.events.length > 0);
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
        epoch: 0,
        flushedSeq: 0,
        leased: false,
        stopRequested: false,
        archived: false,
        first: !child && ofLoop.every((other) => other.archived || !other.first),
      };
      all.set(state.run_id, run);
      return new MemoryLease(run, () => all.delete(state.run_id));
    },

    acquire(runId) {
      const run = get(runId);
      if (run.leased) throw ownedHere(runId);
      return new MemoryLease(run, () => undefined);
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
      return run?.state.loop_name === loop ? run.events.slice(after) : [];
    },

    requestStop(runId) {
      const run = get(runId);
      run.stopRequested = run.leased;
    },

    archive(runId, { resumable = false } = {}) {
      const run = all.get(runId);
      if (run === undefined || run.events.length === 0) throw runNotFound(runId);
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

class MemoryLease implements RunLease<RunState> {
  readonly epoch: number;
  readonly #run: MemoryRun;
  readonly #discard: () => void;
  #released = false;

  constructor(run: MemoryRun, discard: () => void) {
    run.leased = true;
    run.stopRequested = false;
    run.epoch += 1;
    this.epoch = run.epoch;
    this.#run = run;
    this.#discard = discard;
  }

  get runId(): string {
    return this.#run.state.run_id;
  }

  get state(): RunState {
    return this.#run.state;
  }

  get seq(): number {
    return this.#run.events.length;
  }

  get flushedSeq(): number {
    return this.#run.flushedSeq;
  }

  commit(events: readonly LoopEvent[], delta: StateDelta): void {
    if (this.#released) throw leaseLost(this.runId, this.epoch);
    checkEvents(this.runId, events);
    this.#run.state = applyDelta(this.#run.state, delta);
    this.#run.events.push(...events);
  }

  events(after: number): readonly StoredEvent[] {
    return this.#run.events.slice(after).map((event, index) => ({ seq: after + index + 1, event }));
  }

  stopRequested(): boolean {
    return this.#run.stopRequested;
  }

  markFlushed(seq: number): void {
    this.#run.flushedSeq = Math.max(this.#run.flushedSeq, Math.min(seq, this.seq));
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#run.leased = false;
    if (this.seq === 0) this.#discard();
  }
}
