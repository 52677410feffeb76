import { dirname } from "node:path";
import { step } from "@loops/core/ndjson";
import type { FileCalls, FileSteps } from "./file-calls.js";

/**
 * Makes a directory with its parents; returns those that were made, the outermost first. One by one: `mkdir` with
 * `recursive` never ends where a parent exists but takes no children, as in `/proc`.
 */
export function* makeDirectories(path: string): FileSteps<readonly string[]> {
  try {
    yield* step((calls: FileCalls) => calls.mkdir(path));
    return [path];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(path);
    if (code === "ENOENT" && parent !== path && (yield* isMissing(parent))) {
      const made = yield* makeDirectories(parent);
      yield* step((calls: FileCalls) => calls.mkdir(path));
      return [...made, path];
    }
    if (code !== "EEXIST" || !(yield* isDirectory(path))) throw error;
    return [];
  }
}

/** Puts the names in a directory on the disk, as `fdatasync` does with the content of a file. */
export function* syncDirectory(path: string): FileSteps<void> {
  if (process.platform === "win32") return; // It has no such call; its names are journaled.
  const fd = yield* step((calls: FileCalls) => calls.open(path, "r", 0));
  try {
    yield* step((calls: FileCalls) => calls.fsync(fd));
  } finally {
    yield* step((calls: FileCalls) => calls.close(fd));
  }
}

function* isMissing(path: string): FileSteps<boolean> {
  return (yield* step((calls: FileCalls) => calls.stat(path))) === undefined;
}

function* isDirectory(path: string): FileSteps<boolean> {
  return (yield* step((calls: FileCalls) => calls.stat(path)))?.isDirectory() === true;
}
