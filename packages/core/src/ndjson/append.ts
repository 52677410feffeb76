import nodeFs from "node:fs";
import { errorMessage, LoopsError } from "../errors.js";

/** The part of `node:fs` that appending uses: replace it to inject faults. */
export type AppendFs = Pick<
  typeof nodeFs,
  "openSync" | "closeSync" | "fstatSync" | "statSync" | "readSync" | "writeSync"
>;

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

export interface AppendOptions {
  /** Of a file that is made here. @default 0o600 */
  readonly mode?: number | undefined;
  /** Refuse a file that exists (`EEXIST`). @default false */
  readonly exclusive?: boolean | undefined;
  readonly fs?: AppendFs | undefined;
}

/** A file held open for appending. Whoever opens it closes it. */
export interface AppendFile {
  readonly path: string;
  readonly fd: number;
  /** Size when it was opened, with the line end that was added. */
  readonly sizeBytes: number;
  /** The last line was torn, and was ended so that it swallows no further record. */
  readonly ended: boolean;
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
  const fs = options.fs ?? nodeFs;
  const fd = fs.openSync(path, openFlags(fs, path, options.exclusive === true), options.mode ?? 0o600);
  try {
    const opened = fs.fstatSync(fd, { bigint: true });
    const size = Number(opened.size);
    const ended = opened.isFile() && size > 0 && !endsLine(fs, fd, size);
    if (ended) writeAllSync(fd, Buffer.from("\n"), fs);
    let closed = false;
    return {
      path,
      fd,
      sizeBytes: ended ? size + 1 : size,
      ended,
      write: (bytes) => writeAllSync(fd, bytes, fs),
      moved() {
        const now = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
        return now === undefined || now.ino !== opened.ino || now.dev !== opened.dev;
      },
      close() {
        if (closed) return;
        closed = true;
        fs.closeSync(fd);
      },
    };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/**
 * A pipe or a device is opened for writing only, since it would otherwise be its own reader, and without waiting, so
 * that a reader that is slow or not there gives `EAGAIN` or `ENXIO` instead of stopping the process.
 */
function openFlags(fs: AppendFs, path: string, exclusive: boolean): string | number {
  if (exclusive) return "ax+";
  const { O_WRONLY, O_APPEND, O_NONBLOCK } = nodeFs.constants;
  const there = fs.statSync(path, { throwIfNoEntry: false });
  return there === undefined || there.isFile() || there.isDirectory() ? "a+" : O_WRONLY | O_APPEND | (O_NONBLOCK ?? 0);
}

function endsLine(fs: AppendFs, fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  fs.readSync(fd, last, 0, 1, size - 1);
  return last[0] === 0x0a;
}

const maxStalls = 50;
const stallMs = 2;

/**
 * Writes all of `bytes`: goes on after a short write, repeats after `EINTR`, and after `EAGAIN` waits, for at most
 * a tenth of a second without progress.
 *
 * @throws WriteError `LOOPS_WRITE`, with how much was written
 */
export function writeAllSync(fd: number, bytes: Uint8Array, fs: Pick<AppendFs, "writeSync"> = nodeFs): void {
  let written = 0;
  let stalls = 0;
  while (written < bytes.length) {
    try {
      const count = fs.writeSync(fd, bytes, written, bytes.length - written);
      stalls = count > 0 ? 0 : stalls + 1;
      written += count;
      if (stalls > maxStalls) throw new Error("the system accepts no more bytes and gives no reason");
    } catch (error) {
      stalls += 1;
      if (!isTransient(error) || stalls > maxStalls) {
        const message = `wrote ${written} of ${bytes.length} bytes: ${errorMessage(error)}`;
        throw new WriteError(message, written, { cause: error });
      }
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") pause(stallMs);
    }
  }
}

function isTransient(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EINTR" || code === "EAGAIN";
}

/** A synchronous pause: there is no other in a synchronous write. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
