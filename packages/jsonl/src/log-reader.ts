import { stat } from "node:fs/promises";
import type { LoopEvent } from "@loops/core";
import { type BadLine, type Line, LineSplitter, parseLine } from "@loops/core/ndjson";
import { eventOf } from "./event-of.js";
import type { FileMark } from "./file-mark.js";
import { openCopy, openPosition } from "./find-position.js";
import { type LogFile, openIfThere } from "./log-file.js";
import { type KnownFiles, type NextFile, openNext, type Place } from "./newer-files.js";
import { PlainFile } from "./plain-file.js";
import { ReadFiles } from "./read-files.js";
import type { ReadGap } from "./read-gap.js";
import { formatPosition, positionIn, type ReadPosition } from "./read-position.js";
import { findMark, listSiblings } from "./siblings.js";

/** A line that was skipped, and the file it is in, by the name it was opened under. */
export interface BadFileLine extends BadLine {
  readonly path: string;
}

export interface LogReaderOptions {
  readonly path: string;
  readonly from: "start" | "end" | "oldest" | ReadPosition;
  /** A file that was moved away is left once it has not been changed for so long. */
  readonly lingerMs: number;
  readonly onBad?: ((line: BadFileLine) => void) | undefined;
  readonly onGap?: ((gap: ReadGap) => void) | undefined;
}

const chunkBytes = 128 * 1024;

/**
 * Reads a log across its files: `take` what is there, `fill` when there is nothing more. Holds one chunk and one line.
 * Not for concurrent calls.
 */
export class LogReader {
  badLines = 0;
  gaps = 0;
  /** When a `fill` brought nothing: after so long another may, though no file changes. */
  waitMs = Number.POSITIVE_INFINITY;

  readonly #options: LogReaderOptions;
  readonly #buffer = Buffer.allocUnsafeSlow(chunkBytes);
  #started = false;
  readonly #known: KnownFiles = { order: {}, read: new ReadFiles() };
  #place: Place = { file: null, number: null, after: 0, strict: true };
  #splitter = new LineSplitter();
  #lines: Iterator<Line, void> | null = null;
  #lineNumber = 0;
  /** Opened, and entered once the file before is finished. */
  #next: NextFile | null = null;
  #finished = false;
  #gapBeforeNext: ReadGap | null = null;
  #movedAt: number | null = null;
  #taken: { readonly mark: FileMark; readonly after: number; offset: number } | null = null;

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  /** Behind the event that was taken last. `null` before any file was there. */
  get position(): string | null {
    if (this.#taken === null) return null;
    const { mark, offset, after } = this.#taken;
    return formatPosition(positionIn(mark, offset, after));
  }

  /** The next event of those that `fill` brought, `undefined` when there are no more. @throws what `onBad` throws */
  take(): LoopEvent | undefined {
    while (this.#lines !== null) {
      const { done, value: line } = this.#lines.next();
      if (done === true) {
        this.#lines = null;
        break;
      }
      this.#lineNumber++;
      const parsed = parseLine(line.bytes);
      if (parsed.kind === "record") {
        if (this.#taken !== null) this.#taken.offset = line.end;
        return eventOf(parsed.value);
      }
      if (parsed.kind === "bad") this.#bad({ ...span(line), reason: parsed.reason, number: this.#lineNumber });
    }
    return undefined;
  }

  /**
   * One step of reading on, when everything was taken. Whether to go on with `take` and `fill`; if not, there is
   * nothing more for now.
   *
   * @throws what the file system reports, except for files that do not exist; what `onGap` throws
   */
  async fill(): Promise<boolean> {
    this.waitMs = Number.POSITIVE_INFINITY;
    if (!this.#started) return this.#start();
    if (this.#next !== null) return this.#finish(this.#next);
    const { file } = this.#place;
    if (file === null) return this.#leave(null);
    if (await this.#read(file)) return true;
    return !(await this.#isCurrent(file)) && this.#leave(file);
  }

  /** The last line of a file that ends without a line end, for `take`. Whether there is one. */
  end(): boolean {
    const line = this.#splitter.end();
    if (line !== null) this.#lines = [line].values();
    return line !== null;
  }

  /** Not while `fill` is in progress. Idempotent. */
  close(): void {
    this.#lines = null;
    this.#place.file?.close();
    this.#next?.file.close();
  }

  async #start(): Promise<boolean> {
    const { path, from } = this.#options;
    this.#started = true;
    if (typeof from === "object") return this.#resume(from);
    if (from === "oldest") {
      this.#place = { ...this.#place, strict: false };
      return true;
    }
    // Before opening: what is rotated after this look is newer than where reading begins.
    const before = await listSiblings(path, this.#known.order);
    const file = await openIfThere(path);
    if (file === null) {
      this.#place = { ...this.#place, after: before.highest };
      return true;
    }
    this.#place = { ...this.#place, file };
    const { files, highest } = await listSiblings(path, this.#known.order);
    // Usually none is newer than a moment ago.
    const newer = files.filter(({ number }) => number > before.highest);
    const number = (await findMark(newer, file.mark))?.number ?? null;
    const start = from === "end" ? await file.lastLine(this.#buffer) : 0;
    file.seek(start);
    this.#begin({ file, number, after: number === null ? highest : number - 1, strict: true }, start);
    return true;
  }

  async #resume(position: ReadPosition): Promise<boolean> {
    const { path } = this.#options;
    const { rising } = await listSiblings(path, this.#known.order);
    // Where nothing was read of a file only whole files can be missing, which their numbers tell.
    const strict = position.offset === 0 && rising;
    const found = strict ? null : await openPosition(path, position);
    if (found !== null) {
      this.#begin(found, position.offset);
      return true;
    }
    this.#place = { file: null, number: null, after: rising ? position.after : 0, strict };
    if (!strict) this.#gap({ reason: "position_gone", path, missedFiles: null });
    return true;
  }

  /** Whether `file` gave lines, or is read anew. */
  async #read(file: LogFile): Promise<boolean> {
    // Of what is empty nothing tells whether it is emptied.
    const empty = file.mark.head.length === 0 && !file.gzip;
    const chunk = await this.#chunk(file);
    if (empty && (await this.#overtaken(file))) return true;
    if (chunk === "truncated") return this.#restart(file);
    if (chunk === "end") return false;
    this.#lines = this.#splitter.push(chunk);
    return true;
  }

  async #chunk(file: LogFile): Promise<Buffer | "end" | "truncated"> {
    try {
      return await file.read(this.#buffer);
    } catch (error) {
      if (!file.gzip) throw error;
      this.#splitter = new LineSplitter();
      this.#gap({ reason: "unreadable", path: file.path, missedFiles: null, cause: error });
      return "end";
    }
  }

  /**
   * Whether there are rotated files newer than what was read of `file`. They may be copies of what it was before it was
   * emptied, so that reading goes on with the oldest of them; `file` comes in its turn.
   */
  async #overtaken(file: LogFile): Promise<boolean> {
    if (this.#place.number !== null) return false;
    const { rising, highest } = await listSiblings(this.#options.path, this.#known.order);
    if (!rising || highest <= this.#place.after) return false;
    this.#place = { ...this.#place, file: null };
    this.#splitter = new LineSplitter();
    file.close();
    return true;
  }

  async #restart(file: LogFile): Promise<true> {
    const { path } = file;
    const gap: ReadGap = { reason: "truncated", path, missedFiles: null };
    const offset = this.#splitter.pending;
    const copy = await openCopy(this.#options.path, file, offset);
    if (copy !== null) {
      file.close();
      this.#begin(copy, offset);
      this.#gapBeforeNext = gap;
      return true;
    }
    if (!(await this.#overtaken(file))) {
      if (file instanceof PlainFile) file.restart();
      this.#begin({ ...this.#place, file }, 0);
    }
    this.#gap(gap);
    return true;
  }

  async #isCurrent(file: LogFile): Promise<boolean> {
    if (file.gzip) return false;
    try {
      return file.mark.isInode(await stat(this.#options.path, { bigint: true }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  /** From `file`, which was read to its end and has another name now, to the next. Whether there is one. */
  async #leave(file: LogFile | null): Promise<boolean> {
    if (file !== null && (await this.#lingers(file))) return false;
    this.#next = await openNext(this.#options.path, this.#place, this.#known);
    this.#finished = file === null || file.gzip;
    return this.#next !== null;
  }

  /** What `file` has grown by until the next one was there, and its torn last line; then the next. */
  async #finish(next: NextFile): Promise<true> {
    const { file } = this.#place;
    if (file !== null && !this.#finished) {
      const chunk = await this.#chunk(file);
      // A chunk that is not full was its end: a writer that never leaves this file must not keep us here.
      this.#finished = typeof chunk === "string" || chunk.length < chunkBytes;
      if (chunk === "truncated") {
        this.#next = null;
        next.file.close();
        return this.#restart(file);
      }
      if (chunk !== "end") this.#lines = this.#splitter.push(chunk);
      return true;
    }
    return this.end() || this.#enter(next);
  }

  /** Writers that have not noticed yet may still append to a file that was moved away a moment ago. */
  async #lingers(file: LogFile): Promise<boolean> {
    const { lingerMs } = this.#options;
    if (lingerMs === 0 || file.gzip) return false;
    this.#movedAt ??= performance.now();
    const unchangedMs = Date.now() - Number((await file.stat()).ctimeMs);
    // The clock of the file system may be another one: so long at most, however that is.
    const leftMs = lingerMs - Math.max(unchangedMs, performance.now() - this.#movedAt);
    this.waitMs = Math.max(1, leftMs);
    return leftMs > 0;
  }

  #enter(next: NextFile): true {
    this.#next = null;
    if (this.#place.file !== null) this.#known.read.add(this.#place.file.mark);
    this.#place.file?.close();
    this.#begin(next, 0);
    const gap = this.#gapBeforeNext;
    this.#gapBeforeNext = null;
    if (gap !== null) this.#gap(gap);
    const { missedFiles, file } = next;
    if (missedFiles > 0) this.#gap({ reason: "files_gone", path: file.path, missedFiles });
    return true;
  }

  #begin(place: Place & { readonly file: LogFile }, start: number): void {
    this.#place = place;
    this.#movedAt = null;
    this.#splitter = new LineSplitter({ start });
    const after = place.number === null ? place.after : place.number - 1;
    this.#taken = { mark: place.file.mark, after, offset: start };
  }

  #gap(gap: ReadGap): void {
    this.gaps++;
    this.#options.onGap?.(gap);
  }

  #bad(line: BadLine): void {
    this.badLines++;
    const path = this.#place.file?.path ?? this.#options.path;
    this.#options.onBad?.({ ...line, path });
  }
}

const span = ({ start, end, torn }: Line) => ({ start, end, torn });
