import { join } from "node:path";
import { makeDirectory, syncDirectory } from "./atomic-write.js";
import type { RunPaths } from "./layout.js";
import { listDirectory } from "./owner.js";
import { readIfExists } from "./read-file.js";
import type { StoreContext } from "./store-context.js";
import { writeFailed } from "./store-errors.js";

/**
 * Copies what there is of a run to `.history/<loop>/<run id>/` and returns that directory; `null` where there is
 * nothing. The copy appears whole or not at all, and never takes the place of another run's: where the id is taken by
 * a different run, `-2`, `-3` and so on are appended. The originals stay.
 *
 * @throws LoopsError `LOOPS_STORE_WRITE`
 */
export function archiveRun(context: StoreContext, paths: RunPaths, loop: string, runId: string): string | null {
  const { fs, layout } = context;
  const journalBytes = fs.statSync(paths.journal, { throwIfNoEntry: false })?.size ?? 0;
  if (!fs.existsSync(paths.state) && journalBytes === 0) return null;
  const history = layout.history(loop);
  try {
    makeDirectory(context, history);
    const copy = join(history, `.${runId}.${process.pid}.tmp`);
    fs.rmSync(copy, { recursive: true, force: true });
    copyRun(context, paths, copy);
    for (let number = 1; ; number += 1) {
      const target = layout.archive(loop, number === 1 ? runId : `${runId}-${number}`);
      const directory = join(target.state, "..");
      if (fs.existsSync(directory)) {
        if (!isSameRun(context, paths, target)) continue;
        // Archived by one who was killed before the originals were removed.
        fs.rmSync(copy, { recursive: true, force: true });
        return directory;
      }
      fs.renameSync(copy, directory);
      if (context.durable) syncDirectory(fs, history);
      return directory;
    }
  } catch (error) {
    throw writeFailed(history, error);
  }
}

/**
 * Removes the files of a run: first the state, then the events, then what they refer to, so that a kill in between
 * leaves what can be archived again. What is absent is no error.
 *
 * @throws LoopsError `LOOPS_STORE_WRITE`
 */
export function clearRun({ fs }: StoreContext, paths: RunPaths): void {
  for (const path of [paths.state, paths.journal, paths.blobs, paths.stop]) {
    try {
      fs.rmSync(path, { recursive: true, force: true });
    } catch (error) {
      throw writeFailed(path, error);
    }
  }
}

function copyRun(context: StoreContext, from: RunPaths, directory: string): void {
  const { fs, durable } = context;
  const blobsCopy = join(directory, "blobs");
  fs.mkdirSync(directory);
  if (fs.existsSync(from.state)) copyFile(context, from.state, join(directory, "state.json"));
  if (fs.existsSync(from.journal)) copyFile(context, from.journal, join(directory, "events.jsonl"));
  const blobs = listDirectory(fs, from.blobs).filter(
    (name) => !name.endsWith(".tmp") && isPlainFile(fs, join(from.blobs, name)),
  );
  if (blobs.length > 0) fs.mkdirSync(blobsCopy);
  for (const name of blobs) copyFile(context, join(from.blobs, name), join(blobsCopy, name));
  if (!durable) return;
  if (blobs.length > 0) syncDirectory(fs, blobsCopy);
  syncDirectory(fs, directory);
}

/** Copying anything else could wait for ever. */
function isPlainFile(fs: StoreContext["fs"], path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function copyFile({ fs, durable }: StoreContext, from: string, to: string): void {
  fs.copyFileSync(from, to);
  if (!durable) return;
  const fd = fs.openSync(to, "r+");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** The journal tells runs apart; where there is none, the state does. */
function isSameRun({ fs }: StoreContext, run: RunPaths, archived: RunPaths): boolean {
  const same = (a: string, b: string) => {
    const left = readIfExists(fs, a);
    const right = readIfExists(fs, b);
    return left === null ? right === null : right !== null && left.equals(right);
  };
  return same(run.journal, archived.journal) && (fs.existsSync(run.journal) || same(run.state, archived.state));
}
