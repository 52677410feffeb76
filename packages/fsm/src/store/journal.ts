import { type AppendFile, openAppend } from "@loops/core/ndjson";
import type { StoreContext } from "./store-context.js";
import { writeFailed } from "./store-errors.js";

export interface JournalOptions {
  readonly path: string;
  /** Offset behind the last commit, which is the end of the file: what lay behind has been cut off. */
  readonly end: number;
  /** Refuse a journal that exists. */
  readonly exclusive: boolean;
}

/** The journal of one run, held open. One write per commit. */
export class Journal {
  readonly #context: StoreContext;
  readonly #file: AppendFile;
  #end: number;
  #broken: unknown;

  /** @throws LoopsError `LOOPS_STORE_WRITE` */
  constructor(context: StoreContext, { path, end, exclusive }: JournalOptions) {
    const { fs } = context;
    this.#context = context;
    this.#end = end;
    try {
      this.#file = openAppend(path, { exclusive, fs });
    } catch (error) {
      throw writeFailed(path, error);
    }
  }

  get path(): string {
    return this.#file.path;
  }

  /** Offset behind the last commit. */
  get end(): number {
    return this.#end;
  }

  /** Whether the file was moved or deleted from outside: what is appended then is lost. */
  get moved(): boolean {
    return this.#file.moved();
  }

  /**
   * Appends the lines of one commit, all or nothing. If even taking back a part fails, no further commit is accepted:
   * it would stand behind a torn one.
   *
   * @throws LoopsError `LOOPS_STORE_WRITE`
   */
  append(lines: string): void {
    if (this.#broken !== undefined) throw writeFailed(this.path, this.#broken, this.#end > 0);
    const bytes = Buffer.from(lines);
    try {
      this.#file.write(bytes);
      if (this.#context.durable) this.#context.fs.fdatasyncSync(this.#file.fd);
    } catch (error) {
      this.#takeBack(error);
      throw writeFailed(this.path, error, this.#end > 0);
    }
    this.#end += bytes.length;
  }

  /** Idempotent. */
  close(): void {
    this.#file.close();
  }

  #takeBack(cause: unknown): void {
    const written = (cause as { writtenBytes?: number }).writtenBytes;
    // A failed sync leaves the content in doubt; nothing can be taken back for sure.
    if (written === undefined) this.#broken = cause;
    else if (written > 0) this.#truncate(this.#end + written, cause);
  }

  #truncate(expectedSize: number, cause: unknown): void {
    const { fs } = this.#context;
    try {
      // Another size means another writer: its lines are not ours to cut.
      if (fs.fstatSync(this.#file.fd).size !== expectedSize) this.#broken = cause;
      else fs.ftruncateSync(this.#file.fd, this.#end);
    } catch {
      this.#broken = cause; // The write error is the one to report: this one follows from it.
    }
  }
}
