import { isDeepStrictEqual } from "node:util";
import type { LoopEvent, OwnerIdentity, RunLease, StateStore, StoredRun } from "@loops/core";
import { LoopsError } from "@loops/core";
import { isAlive, ownIdentity } from "@loops/core/process";

/** One run as the model keeps it. */
export interface ModelRun {
  state: StoredRun;
  events: LoopEvent[];
  epoch: number;
  owner: OwnerIdentity | null;
  /** The lease of an owner on another machine is over. */
  expired?: boolean;
  stopEpoch: number;
  flushed: number;
  archived: boolean;
  corrupt: boolean;
}

export type ModelRuns = Record<string, ModelRun>;

/** What all stores of one subject work on: text, so that nobody keeps a reference into it. */
export interface Table {
  read(): ModelRuns;
  /** Throws where it cannot be written. */
  write(runs: ModelRuns): void;
}

export function memoryTable(): Table & { full: boolean } {
  let text = "{}";
  return {
    full: false,
    read: () => JSON.parse(text),
    write(runs) {
      const next = JSON.stringify(runs);
      if (this.full) throw new LoopsError("LOOPS_STORE_WRITE", "[model] the table is full");
      text = next;
    },
  };
}

const refuse = (code: `LOOPS_${string}`): never => {
  throw new LoopsError(code, `[model] ${code}`);
};
const ended = ["completed", "failed", "timed_out"];
const newestFirst = (a: StoredRun, b: StoredRun) => (a.started_at < b.started_at ? 1 : -1);
const lives = ({ owner, expired = false }: Pick<ModelRun, "owner" | "expired">) =>
  owner !== null && (owner.host === ownIdentity().host ? isAlive(owner) : !expired);

/** The plainest store that keeps every promise. */
export function modelStore(table: Table): StateStore {
  const live = (runs: ModelRuns, runId: string): ModelRun => {
    const run = runs[runId];
    if (run === undefined || run.archived || run.events.length === 0) return refuse("LOOPS_RUN_NOT_FOUND");
    if (run.corrupt) return refuse("LOOPS_STATE_CORRUPT");
    return run;
  };
  const present = (runs: ModelRuns) => Object.values(runs).filter((run) => !run.archived && run.events.length > 0);
  const archiveWithChildren = (runs: ModelRuns, run: ModelRun): void => {
    if (lives(run)) return;
    for (const child of present(runs)) {
      if (child.state.parent_run_id === run.state.run_id) archiveWithChildren(runs, child);
    }
    run.archived = true;
  };

  return {
    create(state, { clearPrevious = true } = {}) {
      const runs = table.read();
      if (runs[state.run_id] !== undefined) refuse("LOOPS_RUN_EXISTS");
      for (const run of clearPrevious && !state.parent_run_id ? present(runs) : []) {
        const { loop_name, parent_run_id, status } = run.state;
        const isFirst = present(runs).find((other) => other.state.loop_name === loop_name) === run;
        const isOver = loop_name === state.loop_name && (isFirst || ended.includes(status));
        if (isOver && !(parent_run_id && runs[parent_run_id]?.archived === false)) archiveWithChildren(runs, run);
      }
      runs[state.run_id] = {
        state,
        events: [],
        epoch: 1,
        owner: ownIdentity(),
        stopEpoch: 0,
        flushed: 0,
        archived: false,
        corrupt: false,
      };
      table.write(runs);
      return modelLease(table, state.run_id, 1);
    },
    acquire(runId) {
      const runs = table.read();
      const run = live(runs, runId);
      if (lives(run)) refuse("LOOPS_RUN_OWNED");
      run.epoch += 1;
      run.owner = ownIdentity();
      run.expired = false;
      table.write(runs);
      return modelLease(table, runId, run.epoch);
    },
    find(name) {
      const states = present(table.read()).map((run) => run.state);
      const ofLoop = states.filter((state) => state.loop_name === name && !state.parent_run_id);
      return ofLoop.sort(newestFirst)[0] ?? states.find((state) => state.run_id === name) ?? null;
    },
    isOwned: (runId) => lives(table.read()[runId] ?? { owner: null }),
    list() {
      const runs = present(table.read());
      const error = new LoopsError("LOOPS_STATE_CORRUPT", "[model] damaged");
      return {
        runs: runs.filter((run) => !run.corrupt).map((run) => run.state),
        corrupt: runs.filter((run) => run.corrupt).map((run) => ({ where: run.state.run_id, error })),
      };
    },
    history(loop) {
      const runs = Object.values(table.read()).filter((run) => run.archived && run.state.loop_name === loop);
      return { runs: runs.map((run) => run.state).sort(newestFirst), corrupt: [] };
    },
    readEvents(loop, runId, after = 0) {
      const run = table.read()[runId];
      return run?.state.loop_name === loop ? run.events.slice(after) : [];
    },
    requestStop(runId) {
      const runs = table.read();
      const run = live(runs, runId);
      if (lives(run)) run.stopEpoch = run.epoch;
      table.write(runs);
    },
    archive(runId, { resumable = false } = {}) {
      const runs = table.read();
      if (runs[runId]?.archived === true) return;
      const run = live(runs, runId);
      if (lives(run)) refuse("LOOPS_RUN_OWNED");
      if (!resumable && !ended.includes(run.state.status)) refuse("LOOPS_RUN_NOT_ENDED");
      archiveWithChildren(runs, run);
      table.write(runs);
    },
  };
}

function modelLease(table: Table, runId: string, epoch: number): RunLease {
  let { state, events, flushed } = table.read()[runId] as ModelRun;
  let seq = events.length;
  let released = false;
  /** Of this owner, or nothing. */
  const own = (runs: ModelRuns): ModelRun | undefined => {
    const run = runs[runId];
    return !released && run?.epoch === epoch && run.owner !== null ? run : undefined;
  };
  return {
    runId,
    epoch,
    get state() {
      return state;
    },
    get seq() {
      return seq;
    },
    get flushedSeq() {
      return flushed;
    },
    commit(added, { set = {}, captured }) {
      const runs = table.read();
      const run = own(runs);
      if (run === undefined) return refuse("LOOPS_LEASE_LOST");
      if (added.length === 0 || added.some((event) => "seq" in event || "commit" in event)) refuse("LOOPS_COMMIT");
      const given = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
      const all = { ...(run.state["captured"] as object), ...captured };
      run.state = { ...run.state, ...given, captured: all };
      run.events.push(...added);
      encodable(run);
      table.write(runs);
      state = run.state;
      seq = run.events.length;
    },
    events: (after) =>
      (table.read()[runId]?.events ?? []).map((event, n) => ({ seq: n + 1, event })).filter((one) => one.seq > after),
    stopRequested: () => table.read()[runId]?.stopEpoch === epoch,
    markFlushed(mark) {
      const runs = table.read();
      const run = own(runs);
      flushed = Math.max(flushed, Math.min(mark, seq));
      if (run === undefined) return;
      run.flushed = flushed;
      table.write(runs);
    },
    release() {
      const runs = table.read();
      const run = own(runs);
      released = true;
      if (run === undefined) return;
      run.owner = null;
      if (seq === 0) delete runs[runId];
      table.write(runs);
    },
  };
}

function encodable(run: ModelRun): void {
  try {
    if (isDeepStrictEqual(JSON.parse(JSON.stringify(run)), {})) throw new Error("nothing is left");
  } catch {
    refuse("LOOPS_COMMIT");
  }
}
