import { dirname } from "node:path";
import { DeliveryError, errorMessage, isLoopsError, LoopsError } from "@loops/core";
import {
  hasMovedSteps,
  makeDirectories,
  type OpenedAppend,
  openAppendSteps,
  step,
  type WriteError,
  writeAllSteps,
} from "@loops/core/ndjson";
import type { FileCalls, FileSteps } from "./file-calls.js";
import { syncDirectory } from "./sync-directory.js";

/** When lines are forced to the disk, so that they survive a loss of power: never, by `flush`, or with each batch. */
export type Fsync = "never" | "flush" | "batch";

/** Takes batches of lines. Its steps are run one after the other, never two at the same time. */
export interface Appender {
  /**
   * Appends `lines`. What reached the file before a failure is not written twice: whole lines are told as delivered.
   *
   * @throws LoopsError `LOOPS_WRITE` naming the file; a `DeliveryError` where some lines arrived
   */
  append(lines: readonly string[]): FileSteps<void>;
  /** Forces to the disk what was appended. Where that fails it is unknown what is there. */
  sync(): FileSteps<void>;
  /** Releases everything, also where it throws. A later `append` opens anew. */
  close(): FileSteps<void>;
}

export interface LineFileOptions {
  readonly path: string;
  /** Of a file that is made here. */
  readonly mode: number;
  readonly fsync: Fsync;
}

/** A line that the file has the beginning of, and what is missing of it. */
interface TornLine {
  readonly line: string;
  readonly rest: Uint8Array;
  /** Of the file then. Where it is smaller later, somebody emptied it, and the beginning is gone. */
  readonly fileBytes: bigint;
}

/**
 * A file that whole lines are appended to through a held descriptor. It is opened by the first write, and again when
 * somebody moved or deleted it. Lines go in one write where the system takes them so; of a line that was torn the next
 * call writes what is missing.
 */
export class LineFile implements Appender {
  readonly #options: LineFileOptions;
  #file: OpenedAppend | undefined;
  #torn: TornLine | undefined;
  /** Something was written since the last sync. */
  #dirty = false;
  /** Directories with names that were made or changed since the last sync. */
  #dirtyDirectories = new Set<string>();

  constructor(options: LineFileOptions) {
    this.#options = options;
  }

  /** Makes the directory the file lies in. */
  *makeDirectory(): FileSteps<void> {
    for (const made of yield* makeDirectories(dirname(this.#options.path))) this.#dirtyDirectories.add(dirname(made));
  }

  /** The file as it is now at its path: opened anew where it was moved or deleted. */
  *open(): FileSteps<OpenedAppend> {
    if (this.#file !== undefined && (yield* hasMovedSteps(this.#file))) yield* this.close();
    if (this.#file === undefined) {
      yield* this.makeDirectory();
      this.#file = yield* openAppendSteps(this.#options.path, this.#options);
      this.namesChanged();
    }
    return this.#file;
  }

  /** A name in the file's directory was made, changed or removed. */
  namesChanged(): void {
    this.#dirtyDirectories.add(dirname(this.#options.path));
  }

  *append(lines: readonly string[]): FileSteps<void> {
    try {
      yield* this.#write(yield* this.open(), lines);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** The last line was cut short, and is to be finished or ended. */
  get endsTorn(): boolean {
    return this.#torn !== undefined;
  }

  /** Bytes that `line` adds to the file as the next one: fewer if a part of it is there already. */
  bytesOf(line: string): number {
    const torn = this.#torn;
    if (torn?.line === line) return torn.rest.length;
    return Buffer.byteLength(line) + (torn === undefined ? 1 : 2);
  }

  /** Ends a line that was cut short, so that it swallows nothing when the file is read with others. */
  *endTornLine(): FileSteps<void> {
    if (this.#torn === undefined || this.#file === undefined) return;
    yield* writeAllSteps(this.#file.fd, Buffer.from("\n"));
    this.#torn = undefined;
  }

  *sync(): FileSteps<void> {
    try {
      yield* this.#sync();
    } catch (error) {
      const message = `[jsonl] cannot force ${this.#options.path} to the disk: ${errorMessage(error)}`;
      const todo = "what was written since the last sync may not survive a loss of power; check the disk";
      throw new LoopsError("LOOPS_WRITE", `${message}; ${todo}`, { cause: error });
    }
  }

  *close(): FileSteps<void> {
    const fd = this.#file?.fd;
    if (fd === undefined) return;
    try {
      if (this.#options.fsync !== "never") yield* this.sync();
    } finally {
      this.#file = undefined;
      this.#torn = undefined;
      this.#dirty = false;
      yield* step((calls: FileCalls) => calls.close(fd));
    }
  }

  *#sync(): FileSteps<void> {
    const fd = this.#file?.fd;
    if (this.#dirty && fd !== undefined) yield* step((calls: FileCalls) => calls.fdatasync(fd));
    this.#dirty = false;
    for (const directory of this.#dirtyDirectories) yield* syncDirectory(directory);
    this.#dirtyDirectories.clear();
  }

  *#write({ fd }: OpenedAppend, lines: readonly string[]): FileSteps<void> {
    if (this.#torn !== undefined && (yield* sizeOf(fd)) < this.#torn.fileBytes) this.#torn = undefined;
    const { bytes, separators } = this.#bytesFor(lines);
    this.#dirty = true;
    try {
      yield* writeAllSteps(fd, bytes);
      this.#torn = undefined;
    } catch (error) {
      const written = isLoopsError(error, "LOOPS_WRITE") ? (error as WriteError).writtenBytes : 0;
      if (written === 0) throw error;
      const arrived = countLines(bytes.subarray(0, written)) - separators;
      const line = lines[arrived];
      const within = bytes[written - 1] !== newline;
      this.#torn = undefined;
      if (within && line !== undefined) {
        const rest = bytes.subarray(written, lineEnd(bytes, written));
        // So much is there at least, if nobody has emptied it since.
        const size = yield* sizeOf(fd);
        this.#torn = { line, rest, fileBytes: size > written ? size : BigInt(written) };
      }
      if (arrived <= 0) throw error;
      if (this.#options.fsync === "batch") yield* this.#sync();
      throw partlyDelivered(error, arrived, lines.length);
    }
    if (this.#options.fsync === "batch") yield* this.#sync();
  }

  /** The bytes to write, and how many line ends come before the first of `lines`. */
  #bytesFor(lines: readonly string[]): { readonly bytes: Uint8Array; readonly separators: number } {
    const torn = this.#torn;
    if (torn === undefined) return { bytes: Buffer.from(`${lines.join("\n")}\n`), separators: 0 };
    // Another line than the one that was cut short: end that one, or it would swallow this one.
    if (torn.line !== lines[0]) return { bytes: Buffer.from(`\n${lines.join("\n")}\n`), separators: 1 };
    const others = lines.length > 1 ? `${lines.slice(1).join("\n")}\n` : "";
    return { bytes: Buffer.concat([torn.rest, Buffer.from(others)]), separators: 0 };
  }

  /** With the file's name and what to do; a {@link DeliveryError} stays one, so that the queue learns what arrived. */
  #failure(error: unknown): LoopsError {
    const todo =
      "its events stay queued and are tried again until close; check the path, its permissions and the space on the disk";
    const message = `[jsonl] cannot write ${this.#options.path}: ${errorMessage(error)}; ${todo}`;
    if (!isLoopsError(error, "LOOPS_DELIVERY")) return new LoopsError("LOOPS_WRITE", message, { cause: error });
    const { kind, failedIndexes, othersDelivered, cause } = error as DeliveryError;
    return new DeliveryError(message, { kind, failedIndexes, othersDelivered, cause });
  }
}

/** The error of a batch of which the first lines arrived. */
export function partlyDelivered(error: unknown, arrived: number, total: number): DeliveryError {
  return new DeliveryError(errorMessage(error), {
    kind: "retry",
    cause: error,
    failedIndexes: Array.from({ length: total - arrived }, (_, index) => arrived + index),
    othersDelivered: true,
  });
}

const newline = 0x0a;

function* sizeOf(fd: number): FileSteps<bigint> {
  return (yield* step((calls: FileCalls) => calls.fstat(fd))).size;
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count++;
  return count;
}

/** Behind the end of the line that `from` is in. */
function lineEnd(bytes: Uint8Array, from: number): number {
  return bytes.indexOf(newline, from) + 1;
}
