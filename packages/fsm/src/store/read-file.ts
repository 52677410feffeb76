import type { Stats } from "node:fs";
import { type NdjsonRecord, readNdjsonSync } from "@loops/core/ndjson";
import type { StoreContext } from "./store-context.js";
import { stateCorrupt } from "./store-errors.js";

/**
 * Whether there is a file at `path`. What lies in a directory may be anything, and looking into a FIFO waits for a
 * writer for ever: nothing that was found by listing is opened before this has said yes.
 *
 * @throws Error `EISDIR` or `ENOTFILE` where there is something else, and what the system reports
 */
export function isFile(fs: StoreContext["fs"], path: string): boolean {
  const stats = statIfExists(fs, path);
  if (stats === undefined) return false;
  if (stats.isFile()) return true;
  const [code, what] = stats.isDirectory() ? ["EISDIR", "a directory"] : ["ENOTFILE", "neither file nor directory"];
  throw Object.assign(new Error(`${code}: it is ${what}`), { code });
}

/** Below something that is no directory there is nothing: Node 20 throws where later ones say so. */
function statIfExists(fs: StoreContext["fs"], path: string): Stats | undefined {
  try {
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** The content of a file, `null` where there is none. @throws LoopsError `LOOPS_STATE_CORRUPT` where it cannot be read */
export function readIfExists(fs: StoreContext["fs"], path: string): Buffer | null {
  try {
    return isFile(fs, path) ? fs.readFileSync(path) : null;
  } catch (error) {
    // Removed since it was looked at.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unreadable(path, error);
  }
}

/** The records of a journal from byte `start` on, none where there is none. @throws LoopsError `LOOPS_STATE_CORRUPT` where it cannot be read */
export function* readRecords(
  fs: StoreContext["fs"],
  path: string,
  start = 0,
): Generator<NdjsonRecord, void, undefined> {
  try {
    if (isFile(fs, path)) yield* readNdjsonSync(path, { start });
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): Error {
  return stateCorrupt(path, "cannot be read", "Check what it is, its permissions and its disk.", cause);
}
