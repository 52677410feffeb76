import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { errorMessage, isLoopsError, LoopsError } from "@loops/core";
import { type AppendFile, type AppendFs, openAppend, type WriteError } from "@loops/core/ndjson";

export interface LineFileOptions {
  readonly path: string;
  /** Of a file that is made here. */
  readonly mode: number;
  readonly fs?: AppendFs | undefined;
}

/** What is left of a write that was cut short. */
interface Rest {
  readonly lines: readonly string[];
  readonly count: number;
  readonly bytes: Uint8Array;
}

/**
 * A file that whole lines are appended to, synchronously, through a held descriptor. It is opened by the first write,
 * and again when somebody moved or deleted it.
 */
export class LineFile {
  readonly #options: LineFileOptions;
  #file: AppendFile | undefined;
  /** The file ends within a line. */
  #torn = false;
  #rest: Rest | undefined;

  constructor(options: LineFileOptions) {
    this.#options = options;
  }

  /** Makes the directory the file lies in. */
  makeDirectory(): void {
    mkdirSync(dirname(this.#options.path), { recursive: true });
  }

  /**
   * Appends `lines`, all in one write where the system takes them so. After a failure the same `lines` may be given
   * again: what already reached the file is not written twice.
   *
   * @throws LoopsError `LOOPS_WRITE` naming the file
   */
  append(lines: readonly string[]): void {
    try {
      const file = this.#opened();
      this.#write(file, lines);
    } catch (error) {
      const path = this.#options.path;
      const todo =
        "its events stay queued and are tried again; check the path, its permissions and the space on the disk";
      throw new LoopsError("LOOPS_WRITE", `[jsonl] cannot write ${path}: ${errorMessage(error)}; ${todo}`, {
        cause: error,
      });
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #opened(): AppendFile {
    if (this.#file?.moved()) {
      this.close();
      this.#torn = false;
      this.#rest = undefined;
    }
    if (this.#file === undefined) {
      this.makeDirectory();
      this.#file = openAppend(this.#options.path, this.#options);
    }
    return this.#file;
  }

  #write(file: AppendFile, lines: readonly string[]): void {
    const bytes = this.#bytesFor(lines);
    this.#rest = undefined;
    try {
      file.write(bytes);
      this.#torn = false;
    } catch (error) {
      const written = isLoopsError(error, "LOOPS_WRITE") ? (error as WriteError).writtenBytes : 0;
      if (written > 0) this.#torn = bytes[written - 1] !== 0x0a;
      this.#rest = { lines, count: lines.length, bytes: bytes.subarray(written) };
      throw error;
    }
  }

  #bytesFor(lines: readonly string[]): Uint8Array {
    const rest = this.#rest;
    if (rest?.lines === lines && rest.count === lines.length) return rest.bytes;
    // Other lines than those that were cut short: end the torn one, or it would swallow the first of these.
    return Buffer.from(`${this.#torn ? "\n" : ""}${lines.join("\n")}\n`);
  }
}
