import { LoopsError } from "@loops/core";
import { resolveBlobs } from "./blobs.js";
import { FileLease } from "./file-lease.js";
import { Journal } from "./journal.js";
import { type LoadedRun, loadRun } from "./load.js";
import { claim, removeOwner } from "./owner.js";
import { cutJournal, reportIgnoredView, reportLostEvents } from "./refresh.js";
import { findRunById } from "./runs.js";
import type { StoreContext } from "./store-context.js";
import { runNotFound } from "./store-errors.js";

/** Takes a run over whose owner is dead or has given it up, and repairs its journal. */
export function acquireRun(context: StoreContext, runId: string): FileLease {
  const found = findRunById(context, runId);
  if (found === null) throw runNotFound(runId);
  const { paths } = found;
  const read = (): LoadedRun => {
    const run = loadRun(context.fs, paths);
    if (run === null || run.state.run_id !== runId) throw runNotFound(runId);
    if (run.legacy) throw tooOld(paths.state, runId);
    return run;
  };
  const { epoch, owner, path: ownerPath, record: run } = claim(context, paths.stem, runId, read);
  try {
    const state = resolveBlobs(context.fs, paths.blobs, run.state);
    reportIgnoredView(context, paths, run);
    reportLostEvents(context, paths, run);
    cutJournal(context, paths, run.end);
    const journal = new Journal(context, { path: paths.journal, end: run.end, exclusive: false });
    const { seq, flushedSeq } = run;
    const wholeNext = run.lostEvents > 0;
    return new FileLease(context, { paths, ownerPath, owner, epoch, state, seq, flushedSeq, journal, wholeNext });
  } catch (error) {
    removeOwner(context, ownerPath);
    throw error;
  }
}

function tooOld(path: string, runId: string): LoopsError {
  return new LoopsError(
    "LOOPS_STATE_VERSION",
    `[file-store] ${path}: run ${runId} was written by the original system, without its definition and without a journal to go on from. It can be listed and read; start the loop anew to run it.`,
  );
}
