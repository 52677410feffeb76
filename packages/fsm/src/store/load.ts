import { closeSync, openSync, readSync } from "node:fs";
import { isLoopsError } from "@loops/core";
import { readNdjsonSync } from "@loops/core/ndjson";
import type { RunState } from "../run-state.js";
import { applyDelta } from "../step/delta.js";
import type { RunPaths } from "./layout.js";
import { type JournalPosition, journalStart, type Recovery, recover } from "./recover.js";
import type { StoreContext } from "./store-context.js";
import { stateCorrupt } from "./store-errors.js";
import { decodeView, type View } from "./view.js";

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
  const { state = null, position = null, flushedSeq = 0, updatedAt = "" } = view ?? {};
  if (state !== null && position === null) {
    return { state, seq: 0, epoch: 0, end: 0, flushedSeq: 0, updatedAt, legacy: true };
  }
  const recovered = { flushedSeq, updatedAt, legacy: false };
  if (state !== null && position !== null && endsLine(paths.journal, position.offset)) {
    const tail = recoverFile(paths.journal, position);
    if (tail.gap === null) return { ...recovered, ...placeOf(tail), state: fold(state, tail) };
  }
  // There is no view, or it does not fit the journal: the journal is what counts.
  const whole = recoverFile(paths.journal, journalStart);
  if (whole.gap !== null) throw damaged(paths.journal, whole.gap);
  if (whole.commits.length > 0) {
    return {
      ...recovered,
      ...placeOf(whole),
      state: fold({} as RunState, whole),
      flushedSeq: Math.min(flushedSeq, whole.seq),
    };
  }
  if (state === null) return null;
  const missing = fs.existsSync(paths.journal) ? "holds no commit" : "is missing";
  throw stateCorrupt(
    paths.state,
    `its journal ${paths.journal} ${missing}`,
    "Put the journal back, or remove the state file to give the run up.",
  );
}

function recoverFile(path: string, from: JournalPosition): Recovery {
  try {
    return recover(readNdjsonSync(path, { start: from.offset }), from);
  } catch (error) {
    throw unreadable(path, error);
  }
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

/** Whether a line of the journal ends at `offset`: a cheap look at whether a view fits its journal. */
function endsLine(path: string, offset: number): boolean {
  if (offset === 0) return false;
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return false; // Reading the whole journal comes next, and says what is wrong with it.
  }
  try {
    const last = Buffer.alloc(1);
    return readSync(fd, last, 0, 1, offset - 1) === 1 && last[0] === 0x0a;
  } finally {
    closeSync(fd);
  }
}

export function readIfExists(fs: StoreContext["fs"], path: string): Buffer | null {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): Error {
  return stateCorrupt(path, "cannot be read", "Check what it is, its permissions and its disk.", cause);
}
