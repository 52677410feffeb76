import nodeFs, { type BigIntStats } from "node:fs";

/** The part of `node:fs` that appending uses: replace it to inject faults. */
export type AppendFs = Pick<
  typeof nodeFs,
  "openSync" | "closeSync" | "fstatSync" | "statSync" | "readSync" | "writeSync"
>;

/** The same for asynchronous appending. */
export type AsyncAppendFs = Pick<typeof nodeFs, "open" | "close" | "fstat" | "stat" | "read" | "write">;

type Result<T> = T | Promise<T>;

/** What appending asks of a file system: all calls synchronous, or all of them promises. */
export interface AppendCalls {
  open(path: string, flags: string | number, mode: number): Result<number>;
  close(fd: number): Result<void>;
  fstat(fd: number): Result<BigIntStats>;
  /** `undefined` where there is nothing. */
  stat(path: string): Result<BigIntStats | undefined>;
  /** Reads one byte. */
  readByte(fd: number, position: number): Result<number | undefined>;
  /** Returns how many bytes were taken. */
  write(fd: number, bytes: Uint8Array, offset: number): Result<number>;
  pause(ms: number): Result<void>;
}

export function syncAppendCalls(fs: AppendFs = nodeFs): AppendCalls {
  return {
    open: (path, flags, mode) => fs.openSync(path, flags, mode),
    close: (fd) => fs.closeSync(fd),
    fstat: (fd) => fs.fstatSync(fd, { bigint: true }),
    stat: (path) => fs.statSync(path, { bigint: true, throwIfNoEntry: false }),
    readByte(fd, position) {
      const byte = Buffer.alloc(1);
      return fs.readSync(fd, byte, 0, 1, position) === 1 ? byte[0] : undefined;
    },
    write: (fd, bytes, offset) => fs.writeSync(fd, bytes, offset, bytes.length - offset),
    // There is no other pause in a synchronous write.
    pause: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  };
}

export function asyncAppendCalls(fs: AsyncAppendFs = nodeFs): AppendCalls {
  return {
    open: (path, flags, mode) => called((done) => fs.open(path, flags, mode, done)),
    close: (fd) => called((done) => fs.close(fd, done)),
    fstat: (fd) => called((done) => fs.fstat(fd, { bigint: true }, done)),
    stat: (path) => called<BigIntStats>((done) => fs.stat(path, { bigint: true }, done)).catch(undefinedIfMissing),
    async readByte(fd, position) {
      const byte = Buffer.alloc(1);
      const count = await called<number>((done) => fs.read(fd, byte, 0, 1, position, done));
      return count === 1 ? byte[0] : undefined;
    },
    write: (fd, bytes, offset) => called((done) => fs.write(fd, bytes, offset, bytes.length - offset, null, done)),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

/** The promise of a call that takes a callback. */
function called<T>(call: (done: (error: Error | null, result?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error === null ? resolve(result as T) : reject(error)));
  });
}

function undefinedIfMissing(error: unknown): undefined {
  // As `statSync` with `throwIfNoEntry: false` has it.
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
  return undefined;
}
