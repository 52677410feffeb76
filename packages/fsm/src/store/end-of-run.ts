import { join } from "node:path";
import { type ArchiveOptions, isLoopsError } from "@loops/core";
import { archiveRun, clearRun } from "./archive.js";
import { hasEnded } from "./has-ended.js";
import type { RunPaths } from "./layout.js";
import { type LoadedRun, loadRun } from "./load.js";
import { type Claim, claim, listDirectory, removeOwner } from "./owner.js";
import { refreshFiles } from "./refresh.js";
import { findRunById, readRunning, type StemContent } from "./runs.js";
import type { StoreContext } from "./store-context.js";
import { runNotEnded, runNotFound } from "./store-errors.js";

export type RunContent = Extract<StemContent, { kind: "run" }>;
export type Present = readonly StemContent[];
export type RunClaim = Claim<LoadedRun | null>;

/**
 * Moves a run that has ended, or any, into the history, its children first.
 *
 * @throws LoopsError `LOOPS_RUN_NOT_FOUND`, `LOOPS_RUN_NOT_ENDED`, `LOOPS_RUN_OWNED`, `LOOPS_STORE_WRITE`
 */
export function archiveEndedRun(
  context: StoreContext,
  runId: string,
  { resumable = false }: ArchiveOptions = {},
): void {
  const found = findRunById(context, runId);
  if (found === null) {
    if (!isArchived(context, runId)) throw runNotFound(runId);
    return;
  }
  const { paths } = found;
  const claimed = claim(context, paths.stem, runId, () => loadRun(context.fs, paths));
  try {
    const state = claimed.record?.state;
    if (state?.run_id !== runId) throw runNotFound(runId);
    if (!resumable && !hasEnded(state.status)) throw runNotEnded(runId, state.status);
    archiveClaimed(context, paths, state.loop_name, claimed);
  } finally {
    removeOwner(context, claimed.path);
  }
}

/**
 * Moves a run into the history whatever its status, its children first; one whose owner lives is left alone.
 *
 * @param present the runs that there are, as they were read with this one
 */
export function archiveUnowned(context: StoreContext, { paths, run }: RunContent, present: Present): void {
  const claimed = claimOrNull(context, paths, run.state.run_id);
  if (claimed === null) return;
  try {
    if (claimed.record?.state.run_id === run.state.run_id) {
      archiveClaimed(
        context,
        paths,
        run.state.loop_name,
        claimed,
        claimed.record.seq === run.seq ? present : undefined,
      );
    }
  } finally {
    removeOwner(context, claimed.path);
  }
}

/**
 * Archives what lies where a claim was made, and clears the place. The claim stays.
 *
 * @param present the runs that there are, read when this one had its last commit already: it has made no child since.
 * @default they are read
 */
export function archiveClaimed(
  context: StoreContext,
  paths: RunPaths,
  loop: string,
  claimed: RunClaim,
  present: Present = [...readRunning(context)],
): void {
  const previous = claimed.record;
  if (previous === null) {
    // No commit and no state: of a run that was killed before its first commit, or events that lost their state.
    archiveRun(context, paths, loop, new Date().toISOString().replace(/[:.]/g, ""));
  } else {
    // Before their parent: where that is cut off, they are still found by it.
    for (const child of childrenOf(previous.state.run_id, present)) archiveUnowned(context, child, present);
    refreshFiles(context, paths, previous, claimed.epoch);
    archiveRun(context, paths, loop, previous.state.run_id);
  }
  clearRun(context, paths);
}

/** `null` where the owner lives. */
export function claimOrNull(context: StoreContext, paths: RunPaths, runId: string): RunClaim | null {
  try {
    return claim(context, paths.stem, runId, () => loadRun(context.fs, paths));
  } catch (error) {
    if (isLoopsError(error, "LOOPS_RUN_OWNED")) return null;
    throw error;
  }
}

function childrenOf(runId: string, present: Present): readonly RunContent[] {
  return present.filter(
    (content): content is RunContent => content.kind === "run" && content.run.state.parent_run_id === runId,
  );
}

function isArchived({ fs, layout }: StoreContext, runId: string): boolean {
  return listDirectory(fs, layout.archives).some(
    (loop) => !loop.startsWith(".") && fs.existsSync(join(layout.archives, loop, runId)),
  );
}
