import { readNdjsonSync } from "@loops/core/ndjson";
import { replaceFile } from "./atomic-write.js";
import type { RunPaths } from "./layout.js";
import type { LoadedRun } from "./load.js";
import type { StoreContext } from "./store-context.js";
import { writeFailed } from "./store-errors.js";
import { encodeView } from "./view.js";

/**
 * Brings the files of a run whose owner is dead to what its last commit says: cuts off what was never committed, and
 * writes the view anew. For the owner of `epoch` only. Files of the original system are left as they are.
 *
 * @throws LoopsError `LOOPS_STORE_WRITE`
 */
export function refreshFiles(context: StoreContext, paths: RunPaths, run: LoadedRun, epoch: number): void {
  if (run.legacy) return;
  reportIgnoredView(context, paths, run);
  reportLostEvents(context, paths, run);
  cutJournal(context, paths, run.end);
  const view = encodeView({
    state: run.state,
    position: { seq: run.seq, epoch: run.epoch, offset: run.end },
    flushedSeq: run.flushedSeq,
    owner: null,
    updatedAt: new Date().toISOString(),
  });
  try {
    replaceFile(context, paths.state, `${paths.state}.${epoch}.tmp`, Buffer.from(view));
  } catch (error) {
    throw writeFailed(paths.state, error);
  }
}

/** What no repair brings back: the state is that of the view, and the next commit writes it down whole. */
export function reportLostEvents({ warn }: StoreContext, { journal: path }: RunPaths, { lostEvents }: LoadedRun): void {
  if (lostEvents === 0) return;
  const message = `the end of ${path} is gone, and ${lostEvents} committed events with it; the state is kept, by its view`;
  warn({ type: "events_lost", path, message, events: lostEvents });
}

/** For whoever edited it, because it is about to be written anew. */
export function reportIgnoredView({ warn }: StoreContext, { state: path }: RunPaths, { viewIgnored }: LoadedRun): void {
  if (viewIgnored === null) return;
  const message = `the view ${path} was ignored, and the state rebuilt from its journal: ${viewIgnored}`;
  warn({ type: "view_ignored", path, message });
}

/**
 * Cuts a journal back to `end`, behind its last commit, and reports what went.
 *
 * @throws LoopsError `LOOPS_STORE_WRITE`
 */
export function cutJournal({ fs, warn }: StoreContext, paths: RunPaths, end: number): void {
  const path = paths.journal;
  try {
    const bytes = fs.statSync(path).size - end;
    if (bytes <= 0) return;
    const lines = countLines(path, end);
    fs.truncateSync(path, end);
    const message = `cut ${lines} lines (${bytes} bytes) that no commit covers from the end of ${path}`;
    warn({ type: "journal_repaired", path, message, lines, bytes });
  } catch (error) {
    throw writeFailed(path, error);
  }
}

function countLines(path: string, start: number): number {
  let bad = 0;
  let good = 0;
  const onBad = () => {
    bad += 1;
  };
  for (const _record of readNdjsonSync(path, { start, onBad })) good += 1;
  return good + bad;
}
