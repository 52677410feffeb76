import { basename, dirname, join } from "node:path";
import { type DeliveryError, errorMessage, isLoopsError, LoopsError } from "@loops/core";
import { type FileLock, isMissing } from "@loops/core/lock";
import { step } from "@loops/core/ndjson";
import type { FileCalls, FileSteps } from "./file-calls.js";
import { type Appender, LineFile, type LineFileOptions, partlyDelivered } from "./line-file.js";
import type { Rotation } from "./rotate-options.js";
import { type RotatedFile, rotatedFilesAmong, rotatedPath } from "./rotated-files.js";
import { writerLock } from "./writer-lock.js";

export interface RotatingFileOptions extends LineFileOptions {
  readonly rotation: Rotation;
  /** Is told of what went wrong beside the lines. */
  report(error: unknown): void;
  /** Takes a rotated file that is to be compressed. */
  compress(path: string): void;
  /** The lock is held from now on, or no longer. */
  onLock(lock: FileLock, held: boolean): void;
}

/** What rotation has done so far. */
export interface RotationStats {
  /** Files that were put aside. */
  readonly rotatedFiles: number;
  /** Rotated files that were removed, because there were more than `maxFiles`. */
  readonly removedFiles: number;
}

/**
 * A {@link LineFile} that is put aside for a new one when it is large or old enough: it is renamed once, to the next
 * number, and never again. Only the holder of the {@link writerLock} writes, so that nobody rotates under another's
 * hands. Whatever step a crash comes between: the next writer opens anew, and tidies up.
 */
export class RotatingFile implements Appender {
  readonly #options: RotatingFileOptions;
  readonly #file: LineFile;
  readonly #lock: FileLock;
  /** Number of the last file put aside: a number is never used twice, also where somebody removed all of them. */
  #newest = 0;
  #rotatedFiles = 0;
  #removedFiles = 0;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
    this.#file = new LineFile(options);
    this.#lock = writerLock(options.path);
  }

  get stats(): RotationStats {
    return { rotatedFiles: this.#rotatedFiles, removedFiles: this.#removedFiles };
  }

  /** Whether this writer has, or had, the file for itself. */
  get owned(): boolean {
    return this.#lock.taken;
  }

  *append(lines: readonly string[]): FileSteps<void> {
    let arrived = 0;
    try {
      yield* this.#hold();
      while (arrived < lines.length) {
        const count = yield* this.#makeRoom(lines, arrived);
        yield* this.#file.append(count === lines.length ? lines : lines.slice(arrived, arrived + count));
        arrived += count;
      }
    } catch (error) {
      // What failed may be a part of the batch, and have arrived in part.
      const { failedIndexes, othersDelivered } = error as DeliveryError;
      if (isLoopsError(error, "LOOPS_DELIVERY") && othersDelivered) arrived += failedIndexes?.[0] ?? 0;
      throw arrived === 0 ? this.#failure(error) : partlyDelivered(this.#failure(error), arrived, lines.length);
    }
  }

  sync(): FileSteps<void> {
    return this.#file.sync();
  }

  close(): FileSteps<void> {
    return this.#file.close();
  }

  /** After `close`, and once nothing works on rotated files any more. */
  *release(): FileSteps<void> {
    this.#options.onLock(this.#lock, false);
    yield* this.#lock.release();
  }

  *#hold(): FileSteps<void> {
    if (!(yield* this.#lock.hold())) return;
    this.#options.onLock(this.#lock, true);
    try {
      yield* this.#lock.tidy();
      yield* this.#tidy();
    } catch (error) {
      this.#report("tidy up beside", error, "what is left over only takes space; it is tried again by the next writer");
    }
  }

  /** How many of the lines from `from` on go into the file as it is now; puts it aside first where it is time to. */
  *#makeRoom(lines: readonly string[], from: number): FileSteps<number> {
    const { maxBytes, maxAgeMs } = this.#options.rotation;
    const { size, ageMs } = yield* this.#measure();
    const fitting = countFitting(lines, from, maxBytes - size, (line) => this.#file.bytesOf(line));
    // A line that is too large for any file gets one of its own.
    if (size === 0) return Math.max(1, fitting);
    if (fitting > 0 && (ageMs < maxAgeMs || this.#file.endsTorn)) return fitting;
    // Where it cannot be put aside it grows: better a file that is too large than lines that are lost.
    if (!(yield* this.#rotate())) return lines.length - from;
    return Math.max(
      1,
      countFitting(lines, from, maxBytes, (line) => this.#file.bytesOf(line)),
    );
  }

  *#measure(): FileSteps<{ readonly size: number; readonly ageMs: number }> {
    const { fd } = yield* this.#file.open();
    const { size, birthtimeMs } = yield* step((calls: FileCalls) => calls.fstat(fd));
    // Some file systems do not know when a file was made. Then age does not count.
    const ageMs = birthtimeMs > 0n ? Date.now() - Number(birthtimeMs) : 0;
    return { size: Number(size), ageMs };
  }

  /** One rename; the next line opens a new file. `false`, and the file stays what it is, where that is not possible. */
  *#rotate(): FileSteps<boolean> {
    const { path, fsync } = this.#options;
    try {
      yield* this.#file.endTornLine();
      const number = Math.max(this.#newest, (yield* this.#rotated()).at(-1)?.number ?? 0) + 1;
      yield* step((calls: FileCalls) => calls.rename(path, rotatedPath(path, number)));
      this.#newest = number;
    } catch (error) {
      this.#report(
        "rotate",
        error,
        "it grows beyond its bound until that works; check the permissions of its directory",
      );
      return false;
    }
    this.#rotatedFiles++;
    this.#file.namesChanged();
    try {
      yield* this.#file.close();
    } catch (error) {
      // It was put aside and nothing more goes there; with `fsync` its lines may not survive a loss of power.
      this.#report(fsync === "never" ? "close" : "force to the disk", error, "check the disk");
    }
    try {
      yield* this.#prune(yield* this.#rotated());
    } catch (error) {
      this.#report(
        "tidy up beside",
        error,
        "rotated files beyond maxFiles stay; it is tried again at the next rotation",
      );
    }
    return true;
  }

  /** What a crash or another setting left: half of a compressed file, one too many, one that is not compressed. */
  *#tidy(): FileSteps<void> {
    const names = yield* this.#names();
    const files = rotatedFilesAmong(this.#options.path, names);
    const plain = new Set(files.filter((file) => !file.gzip).map((file) => file.path));
    const prefix = `${basename(this.#options.path)}.`;
    for (const name of names) {
      const file = join(dirname(this.#options.path), name);
      const unfinished = name.startsWith(prefix) && /^[1-9]\d*\.gz\.tmp$/.test(name.slice(prefix.length));
      const doubled = name.endsWith(".gz") && plain.has(file.slice(0, -3));
      if (unfinished || doubled) yield* remove(file);
    }
    yield* this.#prune(files);
  }

  *#prune(files: readonly RotatedFile[]): FileSteps<void> {
    const { maxFiles, gzip } = this.#options.rotation;
    const excess = Math.max(0, files.length - maxFiles);
    for (const file of files.slice(0, excess)) {
      const removed = yield* remove(file.path);
      // Compressed since we looked: the compressed one is what is left of it.
      if (!removed && !file.gzip) yield* remove(`${file.path}.gz`);
      this.#removedFiles++;
    }
    if (excess > 0) this.#file.namesChanged();
    for (const file of files.slice(excess)) if (gzip && !file.gzip) this.#options.compress(file.path);
  }

  *#rotated(): FileSteps<readonly RotatedFile[]> {
    return rotatedFilesAmong(this.#options.path, yield* this.#names());
  }

  *#names(): FileSteps<readonly string[]> {
    return yield* step((calls: FileCalls) => calls.readdir(dirname(this.#options.path)));
  }

  #report(what: string, error: unknown, todo: string): void {
    const message = `[jsonl] cannot ${what} ${this.#options.path}: ${errorMessage(error)}; ${todo}`;
    this.#options.report(new LoopsError("LOOPS_ROTATE", message, { cause: error }));
  }

  /** What the file did not say itself comes from the lock, or from looking at the file. */
  #failure(error: unknown): unknown {
    if (isLoopsError(error)) return error;
    const todo =
      "its events stay queued and are tried again until close; check the path, its permissions and the space on the disk";
    const message = `[jsonl] cannot write ${this.#options.path}: ${errorMessage(error)}; ${todo}`;
    return new LoopsError("LOOPS_WRITE", message, { cause: error });
  }
}

/** How many of the lines from `from` on have at most `room` bytes together, by the bytes that the first one adds. */
function countFitting(
  lines: readonly string[],
  from: number,
  room: number,
  bytesOfFirst: (line: string) => number,
): number {
  // No more than three bytes for each UTF-16 unit: most batches are far from the bound and need no counting.
  let most = bytesOfFirst(lines[from] as string);
  for (let at = from + 1; at < lines.length; at++) most += 3 * (lines[at] as string).length + 1;
  if (most <= room) return lines.length - from;
  let left = room;
  for (let at = from; at < lines.length; at++) {
    const line = lines[at] as string;
    left -= at === from ? bytesOfFirst(line) : Buffer.byteLength(line) + 1;
    if (left < 0) return at - from;
  }
  return lines.length - from;
}

/** `false` where there is no such file. */
function* remove(path: string): FileSteps<boolean> {
  try {
    yield* step((calls: FileCalls) => calls.unlink(path));
    return true;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return false;
  }
}
