import nodeFs from "node:fs";
import { promisify } from "node:util";
import {
  type AppendCalls,
  type AppendFs,
  type AsyncAppendFs,
  asyncAppendCalls,
  syncAppendCalls,
} from "../ndjson/append-calls.js";

/** The part of `node:fs` that a lock uses: replace it to inject faults. */
export type LockFs = AppendFs &
  Pick<typeof nodeFs, "linkSync" | "mkdirSync" | "readdirSync" | "readFileSync" | "renameSync" | "unlinkSync">;

/** The same for a lock that is taken asynchronously. */
export type AsyncLockFs = AsyncAppendFs &
  Pick<typeof nodeFs, "link" | "mkdir" | "readdir" | "readFile" | "rename" | "unlink">;

type Result<T> = T | Promise<T>;

/** What a lock asks of a file system: all calls synchronous, or all of them promises. */
export interface LockCalls extends AppendCalls {
  link(existing: string, path: string): Result<void>;
  /** Of one directory, in one that exists. */
  mkdir(path: string): Result<void>;
  readdir(path: string): Result<readonly string[]>;
  readText(path: string): Result<string>;
  rename(from: string, to: string): Result<void>;
  unlink(path: string): Result<void>;
}

export function syncLockCalls(fs: LockFs = nodeFs): LockCalls {
  return {
    ...syncAppendCalls(fs),
    link: (existing, path) => fs.linkSync(existing, path),
    mkdir: (path) => fs.mkdirSync(path),
    readdir: (path) => fs.readdirSync(path),
    readText: (path) => fs.readFileSync(path, "utf8"),
    rename: (from, to) => fs.renameSync(from, to),
    unlink: (path) => fs.unlinkSync(path),
  };
}

export function asyncLockCalls(fs: AsyncLockFs = nodeFs): LockCalls {
  return {
    ...asyncAppendCalls(fs),
    link: (existing, path) => promisify(fs.link)(existing, path),
    mkdir: (path) => promisify(fs.mkdir)(path),
    readdir: (path) => promisify(fs.readdir)(path),
    readText: (path) => promisify(fs.readFile)(path, "utf8"),
    rename: (from, to) => promisify(fs.rename)(from, to),
    unlink: (path) => promisify(fs.unlink)(path),
  };
}

/** Whether there is no such file. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
