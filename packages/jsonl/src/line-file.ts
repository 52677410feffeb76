import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DeliveryError, errorMessage, isLoopsError, LoopsError } from "@loops/core";
import { type AppendFile, type AppendFs, openAppend, type WriteError } from "@loops/core/ndjson";

export interface LineFileOptions {
  readonly path: string;
  /** Of a file that is made here. */
  readonly mode: number;
  readonly fs?: AppendFs | undefined;
}

/** A line that the file has the beginning of, and what is missing of it. */
interface TornLine {
  readonly line: string;
  readonly rest: Uint8Array;
}

/**
 * A file that whole lines are appended to, synchronously, through a held descriptor. It is opened by the first write,
 * and again when somebody moved or deleted it.
 */
export class LineFile {
  readonly #options: LineFileOptions;
  #file: AppendFile | undefined;
  #torn: TornLine | undefined;

  constructor(options: LineFileOptions) {
    this.#options = options;
  }

  /** Makes the directory the file lies in. */
  makeDirectory(): void {
    makeDirectories(dirname(this.#options.path));
  }

  /**
   * Appends `lines`, all in one write where the system takes them so. What reached the file before a failure is not
   * written twice: whole lines are told as delivered, and of a torn one the next call writes what is missing.
   *
   * @throws LoopsError `LOOPS_WRITE` naming the file; in a `DeliveryError` where some lines arrived
   */
  append(lines: readonly string[]): void {
    try {
      this.#write(this.#opened(), lines);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #opened(): AppendFile {
    if (this.#file?.moved()) {
      this.close();
      this.#torn = undefined;
    }
    if (this.#file === undefined) {
      this.makeDirectory();
      this.#file = openAppend(this.#options.path, this.#options);
    }
    return this.#file;
  }

  #write(file: AppendFile, lines: readonly string[]): void {
    const { bytes, separators } = this.#bytesFor(lines);
    try {
      file.write(bytes);
      this.#torn = undefined;
    } catch (error) {
      const written = isLoopsError(error, "LOOPS_WRITE") ? (error as WriteError).writtenBytes : 0;
      if (written === 0) throw error;
      const arrived = countLines(bytes.subarray(0, written)) - separators;
      const line = lines[arrived];
      const within = bytes[written - 1] !== newline;
      this.#torn =
        within && line !== undefined ? { line, rest: bytes.subarray(written, lineEnd(bytes, written)) } : undefined;
      if (arrived === 0) throw error;
      throw new DeliveryError(errorMessage(error), {
        kind: "retry",
        cause: error,
        failedIndexes: lines.map((_, index) => index).slice(arrived),
        othersDelivered: true,
      });
    }
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
      "its events stay queued and are tried again; check the path, its permissions and the space on the disk";
    const message = `[jsonl] cannot write ${this.#options.path}: ${errorMessage(error)}; ${todo}`;
    if (!isLoopsError(error, "LOOPS_DELIVERY")) return new LoopsError("LOOPS_WRITE", message, { cause: error });
    const { kind, failedIndexes, othersDelivered, cause } = error as DeliveryError;
    return new DeliveryError(message, { kind, failedIndexes, othersDelivered, cause });
  }
}

const newline = 0x0a;

/** One by one: `mkdirSync` with `recursive` never ends where a parent exists but takes no children, as in `/proc`. */
function makeDirectories(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(path) !== path && !existsSync(dirname(path))) {
      makeDirectories(dirname(path));
      mkdirSync(path);
    } else if (code !== "EEXIST" || !statSync(path).isDirectory()) throw error;
  }
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
