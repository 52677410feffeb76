import { step } from "@loops/core/ndjson";
import type { FileCalls, FileSteps } from "./file-calls.js";

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
