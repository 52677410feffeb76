import nodeFs from "node:fs";
import { promisify } from "node:util";
import { type AsyncLockFs, asyncLockCalls, type LockCalls, type LockFs, syncLockCalls } from "@loops/core/lock";
import type { Steps } from "@loops/core/ndjson";

/** The part of `node:fs` that the sink uses; what is given replaces it, to inject faults. */
export type JsonlFs = LockFs & AsyncLockFs & Pick<typeof nodeFs, "fdatasync" | "fdatasyncSync" | "fsync" | "fsyncSync">;

type Result<T> = T | Promise<T>;

/** What the sink asks of a file system, its lock included: all calls synchronous, or all of them promises. */
export interface FileCalls extends LockCalls {
  fdatasync(fd: number): Result<void>;
  fsync(fd: number): Result<void>;
}

/** Work with files that is done synchronously or not, as its driver likes. */
export type FileSteps<T> = Steps<T, FileCalls>;

export function syncFileCalls(fs: JsonlFs): FileCalls {
  return {
    ...syncLockCalls(fs),
    fdatasync: (fd) => fs.fdatasyncSync(fd),
    fsync: (fd) => fs.fsyncSync(fd),
  };
}

export function asyncFileCalls(fs: JsonlFs): FileCalls {
  return {
    ...asyncLockCalls(fs),
    fdatasync: (fd) => promisify(fs.fdatasync)(fd),
    fsync: (fd) => promisify(fs.fsync)(fd),
  };
}

/** The file system with some of its calls replaced. */
export function withFaults(fs: Partial<JsonlFs> | undefined): JsonlFs {
  return fs === undefined ? nodeFs : { ...nodeFs, ...fs };
}
