import { isLoopsError } from "@loops/core";
import type { RunState } from "../run-state.js";
import { archiveRun, clearRun } from "./archive.js";
import { FileLease } from "./file-lease.js";
import { hasEnded } from "./has-ended.js";
import { Journal } from "./journal.js";
import { ownStemOf, type RunPaths } from "./layout.js";
import { type LoadedRun, loadRun } from "./load.js";
import { type Claim, claim, livingOwner, readOwners, removeOwner } from "./owner.js";
import { refreshFiles } from "./refresh.js";
import { readRunning, readStem, type StemContent } from "./runs.js";
import type { StoreContext } from "./store-context.js";
import { runExists, writeFailed } from "./store-errors.js";

type RunClaim = Claim<LoadedRun | null>;

/** Makes the files of a new run and leases it: under the loop's name where that is free, else under name and id. */
export function createRun(context: StoreContext, state: RunState, clearPrevious: boolean): FileLease {
  const { fs, layout } = context;
  const { loop_name: loop, run_id: runId } = state;
  const archive = layout.archive(loop, runId);
  const ownStem = ownStemOf(loop, runId);
  makeDirectory(context);
  const running = [...readRunning(context)];
  const taken = running.some((content) => content.kind === "run" && content.run.state.run_id === runId);
  if (taken || fs.existsSync(archive.state)) throw runExists(runId);
  if (clearPrevious) archiveEnded(context, loop, running);
  for (const stem of [loop, ownStem]) {
    const claimed = claimStem(context, stem, loop, runId, clearPrevious);
    if (claimed !== null) return leaseNew(context, layout.run(stem), claimed, state);
  }
  throw runExists(runId);
}

/** `null` where the stem is somebody else's and stays so. */
function claimStem(
  context: StoreContext,
  stem: string,
  loop: string,
  runId: string,
  clearPrevious: boolean,
): RunClaim | null {
  const paths = context.layout.run(stem);
  if (livingOwner(readOwners(context, stem)) !== null) return null;
  if (!clearPrevious && context.fs.existsSync(paths.journal)) return null;
  if (!mayReplace(context, readStem(context, stem), loop, clearPrevious)) return null;
  const claimed = claimOrNull(context, stem, runId);
  if (claimed === null) return null;
  const previous = claimed.record;
  try {
    if (previous !== null && (!clearPrevious || previous.state.loop_name !== loop)) {
      removeOwner(context, claimed.path);
      return null;
    }
    archiveAndClear(context, loop, paths, claimed);
  } catch (error) {
    removeOwner(context, claimed.path);
    throw error;
  }
  return claimed;
}

function mayReplace(context: StoreContext, content: StemContent | null, loop: string, clearPrevious: boolean): boolean {
  if (content === null) return true;
  if (content.kind === "run") return clearPrevious && content.run.state.loop_name === loop;
  const message = `${content.paths.state} could not be read and was left as it is; the new run got another place`;
  context.warn({ type: "corrupt_run_kept", path: content.paths.state, message, error: content.error });
  return false;
}

/** Runs that went on beside another one of their loop lie under stems of their own: once ended they are archived too. */
function archiveEnded(context: StoreContext, loop: string, running: readonly StemContent[]): void {
  for (const content of running) {
    if (content.kind === "corrupt" || content.paths.stem === loop) continue;
    const { state } = content.run;
    if (state.loop_name !== loop || !hasEnded(state.status)) continue;
    const claimed = claimOrNull(context, content.paths.stem, state.run_id);
    if (claimed === null) continue;
    try {
      archiveAndClear(context, loop, content.paths, claimed);
    } finally {
      removeOwner(context, claimed.path);
    }
  }
}

function archiveAndClear(context: StoreContext, loop: string, paths: RunPaths, claimed: RunClaim): void {
  const previous = claimed.record;
  if (previous === null) {
    // No commit and no state: of a run that was killed before its first commit, or events that lost their state.
    archiveRun(context, paths, loop, new Date().toISOString().replace(/[:.]/g, ""));
  } else {
    refreshFiles(context, paths, previous, claimed.epoch);
    archiveRun(context, paths, loop, previous.state.run_id);
  }
  clearRun(context, paths);
}

function leaseNew(context: StoreContext, paths: RunPaths, claimed: RunClaim, state: RunState): FileLease {
  try {
    const journal = new Journal(context, { path: paths.journal, end: 0, exclusive: true });
    const { epoch, owner, path: ownerPath } = claimed;
    const start = { seq: 0, flushedSeq: 0, wholeNext: false };
    return new FileLease(context, { paths, ownerPath, owner, epoch, state, journal, ...start });
  } catch (error) {
    removeOwner(context, claimed.path);
    throw error;
  }
}

function claimOrNull(context: StoreContext, stem: string, runId: string): RunClaim | null {
  try {
    return claim(context, stem, runId, () => loadRun(context.fs, context.layout.run(stem)));
  } catch (error) {
    if (isLoopsError(error, "LOOPS_RUN_OWNED")) return null;
    throw error;
  }
}

function makeDirectory({ fs, layout }: StoreContext): void {
  try {
    fs.mkdirSync(layout.running, { recursive: true });
  } catch (error) {
    throw writeFailed(layout.running, error);
  }
}
