import { isLoopsError } from "@loops/core";
import type { RunState } from "../run-state.js";
import { applyDelta } from "../step/delta.js";
import type { RunPaths } from "./layout.js";
import { readIfExists, readRecords } from "./read-file.js";
import { type JournalPosition, journalStart, type Recovery, recover } from "./recover.js";
import type { StoreContext } from "./store-context.js";
import { stateCorrupt } from "./store-errors.js";
import { decodeView, type View } from "./view.js";
import { viewProblem } from "./view-fit.js";

/** A run as its files tell it: the state after the last commit. Nothing is repaired by looking. */
export interface LoadedRun {
  /** Large texts still by reference. */
  readonly state: RunState;
  readonly seq: number;
  readonly epoch: number;
  /** Offset behind the last commit. */
  readonly end: number;
  readonly flushedSeq: number;
  readonly updatedAt: string;
  /** Written by the original system: to be shown and archived, not gone on with. */
  readonly legacy: boolean;
  /** Why there is a view that was not believed: then all of this is the journal's. */
  readonly viewIgnored: string | null;
  /** How many events the view knows to have been committed that the journal has lost: then the state is the view's. */
  readonly lostEvents: number;
}

const maxReads = 4;

/**
 * Loads a run; `null` where there is none. Its owner may write meanwhile, or a new run take its place: then it is
 * looked at again.
 *
 * @throws LoopsError `LOOPS_STATE_CORRUPT`
 */
export function loadRun(fs: StoreContext["fs"], paths: RunPaths): LoadedRun | null {
  for (let read = 1; ; read += 1) {
    const bytes = readIfExists(fs, paths.state);
    try {
      return loadFrom(fs, paths, bytes === null ? null : decodeView(bytes, paths.state));
    } catch (error) {
      const now = readIfExists(fs, paths.state);
      const unchanged = bytes === null ? now === null : now?.equals(bytes) === true;
      if (unchanged || read === maxReads || !isLoopsError(error, "LOOPS_STATE_CORRUPT")) throw error;
    }
  }
}

function loadFrom(fs: StoreContext["fs"], paths: RunPaths, view: View | null): LoadedRun | null {
  if (view !== null && view.position === null) {
    const { state, updatedAt } = view;
    return {
      state,
      seq: 0,
      epoch: 0,
      end: 0,
      flushedSeq: 0,
      updatedAt,
      legacy: true,
      viewIgnored: null,
      lostEvents: 0,
    };
  }
  const fromView = view === null ? null : goOnFrom(fs, paths, view, view.position ?? journalStart);
  if (fromView !== null && typeof fromView !== "string") return fromView;
  // There is no view, or it does not fit the journal: the journal is what counts.
  const whole = recoverFile(fs, paths.journal, journalStart);
  if (whole.gap !== null) throw damaged(paths.journal, whole.gap);
  if (whole.commits.length > 0) {
    const state = fold({} as RunState, whole);
    if (view !== null && knowsMore(view, state, whole)) return ofView(view, view.position, whole);
    const { updatedAt = "" } = view ?? {};
    // What such a view says of the sinks counts as little: emitting again is safe, leaving out is not.
    return { ...placeOf(whole), state, flushedSeq: 0, updatedAt, legacy: false, viewIgnored: fromView, lostEvents: 0 };
  }
  if (view === null) return null;
  const missing = fs.existsSync(paths.journal) ? "holds no commit" : "is missing";
  throw stateCorrupt(
    paths.state,
    `its journal ${paths.journal} ${missing}`,
    "Put the journal back, or remove the state file to give the run up.",
  );
}

/** The run by its view and what the journal has behind that, or why the view is not to be believed. */
function goOnFrom(fs: StoreContext["fs"], paths: RunPaths, view: View, position: JournalPosition): LoadedRun | string {
  const problem = viewProblem(fs, view, position, paths.journal);
  if (problem !== null) return problem;
  const tail = recoverFile(fs, paths.journal, position);
  if (tail.gap !== null) return `what follows in ${paths.journal} does not follow on from it`;
  const { flushedSeq, updatedAt } = view;
  return {
    ...placeOf(tail),
    state: fold(view.state, tail),
    flushedSeq,
    updatedAt,
    legacy: false,
    viewIgnored: null,
    lostEvents: 0,
  };
}

/**
 * Whether an unharmed view proves that its journal had further commits: it is written behind them. One of an older
 * epoch proves nothing, because a new owner undoes what it had not seen.
 */
function knowsMore(view: View, recovered: RunState, whole: Recovery): view is View & { position: JournalPosition } {
  const { intact, state, position } = view;
  if (!intact || position === null || state.run_id !== recovered.run_id) return false;
  return position.epoch >= whole.epoch && position.seq > whole.seq;
}

/**
 * A journal whose end was torn off behind the view's back, by a loss of power or by hand: the state is not lost with it,
 * so nothing that was recorded runs again.
 */
function ofView({ state, flushedSeq, updatedAt }: View, { seq, epoch }: JournalPosition, whole: Recovery): LoadedRun {
  const lostEvents = seq - whole.seq;
  return { state, seq, epoch, end: whole.offset, flushedSeq, updatedAt, legacy: false, viewIgnored: null, lostEvents };
}

function recoverFile(fs: StoreContext["fs"], path: string, from: JournalPosition): Recovery {
  return recover(readRecords(fs, path, from.offset), from);
}

function fold(base: RunState, recovery: Recovery): RunState {
  return recovery.commits.reduce((state, commit) => applyDelta(state, commit.delta), base);
}

function placeOf({ seq, epoch, offset }: Recovery): Pick<LoadedRun, "seq" | "epoch" | "end"> {
  return { seq, epoch, end: offset };
}

function damaged(path: string, gap: NonNullable<Recovery["gap"]>): Error {
  return stateCorrupt(
    path,
    `the commit at byte ${gap.offset} begins with seq ${gap.foundSeq} where ${gap.expectedSeq} was expected: lines before it are damaged or missing`,
    "It was left untouched. Mend the lines, or move the run's files away to start anew.",
  );
}
