import { type FileHandle, open, rename, rm, unlink } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type Due, errorMessage, LoopsError } from "@loops/core";
import { isMissing } from "@loops/core/lock";

export interface CompressorOptions {
  /** Permissions of the compressed files. */
  readonly mode: number;
  report(error: unknown): void;
}

/**
 * Compresses files in the background, one at a time: `<path>` becomes `<path>.gz`, by a temporary file that is on the
 * disk before the plain one goes. One that cannot be compressed stays as it is and is reported.
 */
export class Compressor {
  readonly #options: CompressorOptions;
  readonly #waiting = new Set<string>();
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: CompressorOptions) {
    this.#options = options;
  }

  /** Compresses `path` when it is its turn. Again only once that is done. */
  add(path: string): void {
    if (this.#abort.signal.aborted) return;
    this.#waiting.add(path);
    this.#running ??= this.#run();
  }

  /** Waits for what was added; at the deadline gives up, and leaves the rest as it is. */
  async close(due: Due, slackMs: number): Promise<void> {
    if (this.#running === undefined || (await due.wait(this.#running))) return;
    this.#abort.abort();
    await due.wait(this.#running, slackMs);
  }

  async #run(): Promise<void> {
    for (const path of this.#waiting) {
      if (!this.#abort.signal.aborted) await this.#compress(path);
      this.#waiting.delete(path);
    }
    this.#running = undefined;
  }

  async #compress(path: string): Promise<void> {
    const { mode, report } = this.#options;
    const temporary = `${path}.gz.tmp`;
    try {
      await gzipTo(temporary, path, mode, this.#abort.signal);
      await rename(temporary, `${path}.gz`);
      await unlink(path).catch((error: unknown) => {
        // Removed meanwhile, because there were too many: then this one is too many as well.
        if (isMissing(error)) return rm(`${path}.gz`, { force: true });
        throw error;
      });
    } catch (error) {
      this.#reportFailure(path, error);
      await rm(temporary, { force: true }).catch(report);
    }
  }

  /** Nobody is to be told of a file that was removed, or that the next writer will compress. */
  #reportFailure(path: string, error: unknown): void {
    if (isMissing(error) || this.#abort.signal.aborted) return;
    const message = `[jsonl] cannot compress ${path}: ${errorMessage(error)}`;
    const todo = "it stays uncompressed, and is tried again at the next rotation; check the space on the disk";
    this.#options.report(new LoopsError("LOOPS_ROTATE", `${message}; ${todo}`, { cause: error }));
  }
}

/** Both files are open before anything is done, so that after a failure nobody makes the second one any more. */
async function gzipTo(compressed: string, path: string, mode: number, signal: AbortSignal): Promise<void> {
  const from = await open(path, "r");
  let to: FileHandle;
  try {
    to = await open(compressed, "w", mode);
  } catch (error) {
    await from.close();
    throw error;
  }
  // The streams close what they are made of.
  await pipeline(from.createReadStream(), createGzip(), to.createWriteStream({ flush: true }), { signal });
}
