import type { RunState } from "../run-state.js";
import { makeDirectory } from "./atomic-write.js";
import { archiveClaimed, archiveUnowned, claimOrNull, type RunClaim } from "./end-of-run.js";
import { FileLease } from "./file-lease.js";
import { hasEnded } from "./has-ended.js";
import { Journal } from "./journal.js";
import { ownStemOf, type RunPaths } from "./layout.js";
import { livingOwner, readOwners, removeOwner } from "./owner.js";
import { isChild } from "./run-list.js";
import { readRunning, readStem, type StemContent } from "./runs.js";
import type { StoreContext } from "./store-context.js";
import { runExists, writeFailed } from "./store-errors.js";
import { sweep, sweepArchives } from "./sweep.js";

/**
 * Makes the files of a new run and leases it: under the loop's name where that is free, else under name and id. A child
 * always lies under name and id, so that it is in nobody's way.
 */
export function createRun(context: StoreContext, state: RunState, clearPrevious: boolean): FileLease {
  const { fs, layout } = context;
  const { loop_name: loop, run_id: runId } = state;
  const archive = layout.archive(loop, runId);
  const ownStem = ownStemOf(loop, runId);
  makeRunning(context);
  sweep(context);
  sweepArchives(context, loop);
  const running = [...readRunning(context)];
  const taken = running.some((content) => content.kind === "run" && content.run.state.run_id === runId);
  if (taken || fs.existsSync(archive.state)) throw runExists(runId);
  const clears = clearPrevious && !isChild(state);
  if (clears) archiveEnded(context, loop, running);
  for (const stem of isChild(state) ? [ownStem] : [loop, ownStem]) {
    const claimed = claimStem(context, stem, loop, runId, clears);
    if (claimed !== null) return leaseNew(context, layout.run(stem), claimed, state);
  }
  throw runExists(runId);
}

/** `null` where the stem is somebody else's and stays so. */
function claimStem(context: StoreContext, stem: string, loop: string, runId: string, clears: boolean): RunClaim | null {
  const paths = context.layout.run(stem);
  if (livingOwner(readOwners(context, stem)) !== null) return null;
  // Under its own id there is at most what was left by one who was killed before the first commit.
  const own = stem === ownStemOf(loop, runId);
  if (!clears && !own && context.fs.existsSync(paths.journal)) return null;
  if (!mayReplace(context, readStem(context, stem), loop, clears)) return null;
  const claimed = claimOrNull(context, paths, runId);
  if (claimed === null) return null;
  const previous = claimed.record;
  try {
    if (previous !== null && (!clears || previous.state.loop_name !== loop)) {
      removeOwner(context, claimed.path);
      return null;
    }
    archiveClaimed(context, paths, loop, claimed);
  } catch (error) {
    removeOwner(context, claimed.path);
    throw error;
  }
  return claimed;
}

function mayReplace(context: StoreContext, content: StemContent | null, loop: string, clears: boolean): boolean {
  if (content === null) return true;
  if (content.kind === "run") return clears && content.run.state.loop_name === loop;
  const message = `${content.paths.state} could not be read and was left as it is; the new run got another place`;
  context.warn({ type: "corrupt_run_kept", path: content.paths.state, message, error: content.error });
  return false;
}

/** The rest is the next start's: a start that archives thousands of runs would seem to hang. */
const maxArchived = 100;

/** Runs that went on beside another one of their loop lie under stems of their own: once ended they are archived too. */
function archiveEnded(context: StoreContext, loop: string, running: readonly StemContent[]): void {
  const ids = new Set(running.map((content) => (content.kind === "run" ? content.run.state.run_id : null)));
  let left = maxArchived;
  for (const content of running) {
    if (left === 0) return;
    if (content.kind === "corrupt" || content.paths.stem === loop) continue;
    const { loop_name, status, parent_run_id = null } = content.run.state;
    // What a child came to is its parent's to record.
    const isWaitedFor = parent_run_id !== null && ids.has(parent_run_id);
    if (loop_name !== loop || !hasEnded(status) || isWaitedFor) continue;
    archiveUnowned(context, content, running);
    left -= 1;
  }
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

function makeRunning(context: StoreContext): void {
  const { running } = context.layout;
  try {
    makeDirectory(context, running);
  } catch (error) {
    throw writeFailed(running, error);
  }
}
