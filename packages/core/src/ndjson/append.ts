import { constants } from "node:fs";
import { errorMessage, LoopsError } from "../errors.js";
import { type AppendCalls, type AppendFs, syncAppendCalls } from "./append-calls.js";
import { runSync, type Steps, step } from "./steps.js";

/** A write that failed. Code `LOOPS_WRITE`; the `cause` is what the system reported. */
export class WriteError extends LoopsError {
  /** Bytes that did reach the file, from the front. */
  readonly writtenBytes: number;

  constructor(message: string, writtenBytes: number, options: ErrorOptions) {
    super("LOOPS_WRITE", message, options);
    this.name = "WriteError";
    this.writtenBytes = writtenBytes;
  }
}

export interface OpenAppendOptions {
  /** Of a file that is made here. @default 0o600 */
  readonly mode?: number | undefined;
  /** Refuse a file that exists (`EEXIST`). @default false */
  readonly exclusive?: boolean | undefined;
}

export interface AppendOptions extends OpenAppendOptions {
  readonly fs?: AppendFs | undefined;
}

/** What opening a file for appending found. */
export interface OpenedAppend {
  readonly path: string;
  readonly fd: number;
  /** Size when it was opened, with the line end that was added. */
  readonly sizeBytes: number;
  /** The last line was torn, and was ended so that it swallows no further record. */
  readonly ended: boolean;
  /** Tell the file from another of the same path. */
  readonly ino: bigint;
  readonly dev: bigint;
}

/** A file held open for appending. Whoever opens it closes it. */
export interface AppendFile extends Pick<OpenedAppend, "path" | "fd" | "sizeBytes" | "ended"> {
  /** Appends all of `bytes`: short writes are finished, interrupted ones repeated. @throws WriteError */
  write(bytes: Uint8Array): void;
  /** Whether `path` no longer leads to this file: it was moved or deleted from outside. */
  moved(): boolean;
  /** Idempotent. */
  close(): void;
}

/**
 * Opens a file for appending (`O_APPEND`: several writers of whole lines do not overwrite each other) and ends a torn
 * last line. The directory must exist.
 *
 * @throws what the file system reports
 */
export function openAppend(path: string, options: AppendOptions = {}): AppendFile {
  const calls = syncAppendCalls(options.fs);
  const opened = runSync(openAppendSteps(path, options), calls);
  const { fd, sizeBytes, ended } = opened;
  let closed = false;
  return {
    path,
    fd,
    sizeBytes,
    ended,
    write: (bytes) => runSync(writeAllSteps(fd, bytes), calls),
    moved: () => runSync(hasMovedSteps(opened), calls),
    close() {
      if (closed) return;
      closed = true;
      calls.close(fd);
    },
  };
}

/** {@link openAppend} as steps. */
export function* openAppendSteps(path: string, options: OpenAppendOptions = {}): Steps<OpenedAppend, AppendCalls> {
  const flags = options.exclusive === true ? "ax+" : yield* openFlags(path);
  const fd = yield* step((calls: AppendCalls) => calls.open(path, flags, options.mode ?? 0o600));
  try {
    const { size, ino, dev, isFile } = yield* statOf(fd);
    const ended = isFile && size > 0 && !(yield* endsLine(fd, size));
    if (ended) yield* writeAllSteps(fd, Buffer.from("\n"));
    return { path, fd, sizeBytes: ended ? size + 1 : size, ended, ino, dev };
  } catch (error) {
    yield* step((calls: AppendCalls) => calls.close(fd));
    throw error;
  }
}

/** Whether the path no longer leads to the file that was opened, as steps. */
export function* hasMovedSteps({ path, ino, dev }: OpenedAppend): Steps<boolean, AppendCalls> {
  const now = yield* step((calls: AppendCalls) => calls.stat(path));
  return now === undefined || now.ino !== ino || now.dev !== dev;
}

/**
 * A pipe or a device is opened for writing only, since it would otherwise be its own reader, and without waiting, so
 * that a reader that is slow or not there gives `EAGAIN` or `ENXIO` instead of stopping the process.
 */
function* openFlags(path: string): Steps<string | number, AppendCalls> {
  const { O_WRONLY, O_APPEND, O_NONBLOCK } = constants;
  const there = yield* step((calls: AppendCalls) => calls.stat(path));
  return there === undefined || there.isFile() || there.isDirectory() ? "a+" : O_WRONLY | O_APPEND | (O_NONBLOCK ?? 0);
}

function* statOf(fd: number) {
  const stats = yield* step((calls: AppendCalls) => calls.fstat(fd));
  return { size: Number(stats.size), ino: stats.ino, dev: stats.dev, isFile: stats.isFile() };
}

function* endsLine(fd: number, size: number): Steps<boolean, AppendCalls> {
  return (yield* step((calls: AppendCalls) => calls.readByte(fd, size - 1))) === 0x0a;
}

const maxStalls = 50;
const stallMs = 2;

/**
 * Writes all of `bytes`: goes on after a short write, repeats after `EINTR`, and after `EAGAIN` waits, for at most
 * a tenth of a second without progress.
 *
 * @throws WriteError `LOOPS_WRITE`, with how much was written
 */
export function writeAllSync(fd: number, bytes: Uint8Array, fs?: Pick<AppendFs, "writeSync">): void {
  runSync(writeAllSteps(fd, bytes), syncAppendCalls(fs as AppendFs | undefined));
}

/** {@link writeAllSync} as steps. */
export function* writeAllSteps(fd: number, bytes: Uint8Array): Steps<void, AppendCalls> {
  let written = 0;
  let stalls = 0;
  while (written < bytes.length) {
    try {
      const offset = written;
      const count = yield* step((calls: AppendCalls) => calls.write(fd, bytes, offset));
      stalls = count > 0 ? 0 : stalls + 1;
      written += count;
      if (stalls > maxStalls) throw new Error("the system accepts no more bytes and gives no reason");
    } catch (error) {
      stalls += 1;
      if (!isTransient(error) || stalls > maxStalls) {
        const message = `wrote ${written} of ${bytes.length} bytes: ${errorMessage(error)}`;
        throw new WriteError(message, written, { cause: error });
      }
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") {
        yield* step((calls: AppendCalls) => calls.pause(stallMs));
      }
    }
  }
}

function isTransient(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EINTR" || code === "EAGAIN";
}
