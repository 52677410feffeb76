import nodeFs from "node:fs";
import { promisify } from "node:util";
import {
  type AppendCalls,
  type AppendFs,
  type AsyncAppendFs,
  asyncAppendCalls,
  type Steps,
  syncAppendCalls,
} from "@loops/core/ndjson";

/** The part of `node:fs` that the sink uses; what is given replaces it, to inject faults. */
export type JsonlFs = AppendFs &
  AsyncAppendFs &
  Pick<
    typeof nodeFs,
    | "fdatasync"
    | "fdatasyncSync"
    | "fsync"
    | "fsyncSync"
    | "link"
    | "linkSync"
    | "mkdir"
    | "mkdirSync"
    | "readdir"
    | "readdirSync"
    | "readFile"
    | "readFileSync"
    | "rename"
    | "renameSync"
    | "unlink"
    | "unlinkSync"
  >;

type Result<T> = T | Promise<T>;

/** What the sink asks of a file system: all calls synchronous, or all of them promises. */
export interface FileCalls extends AppendCalls {
  fdatasync(fd: number): Result<void>;
  fsync(fd: number): Result<void>;
  link(existing: string, path: string): Result<void>;
  mkdir(path: string): Result<void>;
  readdir(path: string): Result<readonly string[]>;
  readText(path: string): Result<string>;
  rename(from: string, to: string): Result<void>;
  unlink(path: string): Result<void>;
}

/** Work with files that is done synchronously or not, as its driver likes. */
export type FileSteps<T> = Steps<T, FileCalls>;

export function syncFileCalls(fs: JsonlFs): FileCalls {
  return {
    ...syncAppendCalls(fs),
    fdatasync: (fd) => fs.fdatasyncSync(fd),
    fsync: (fd) => fs.fsyncSync(fd),
    link: (existing, path) => fs.linkSync(existing, path),
    mkdir: (path) => fs.mkdirSync(path),
    readdir: (path) => fs.readdirSync(path),
    readText: (path) => fs.readFileSync(path, "utf8"),
    rename: (from, to) => fs.renameSync(from, to),
    unlink: (path) => fs.unlinkSync(path),
  };
}

export function asyncFileCalls(fs: JsonlFs): FileCalls {
  return {
    ...asyncAppendCalls(fs),
    fdatasync: (fd) => promisify(fs.fdatasync)(fd),
    fsync: (fd) => promisify(fs.fsync)(fd),
    link: (existing, path) => promisify(fs.link)(existing, path),
    mkdir: (path) => promisify(fs.mkdir)(path),
    readdir: (path) => promisify(fs.readdir)(path),
    readText: (path) => promisify(fs.readFile)(path, "utf8"),
    rename: (from, to) => promisify(fs.rename)(from, to),
    unlink: (path) => promisify(fs.unlink)(path),
  };
}

/** The file system with some of its calls replaced. */
export function withFaults(fs: Partial<JsonlFs> | undefined): JsonlFs {
  return fs === undefined ? nodeFs : { ...nodeFs, ...fs };
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
