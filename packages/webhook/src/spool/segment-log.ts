import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type AppendFile, openAppend, writeAllSync } from "@loops/core/ndjson";
import { baseOfName, countLines, cutTornLine, isLineStart, readAt, type Segment, segmentName } from "./segment.js";

export interface SegmentLogOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly fsync: boolean;
}

/** What a read found, in order, from the offset that was asked for. */
export interface SpoolRead {
  readonly lines: readonly SpoolLine[];
  /** Where to go on. */
  readonly next: number;
  /** Lines that were there once and cannot be read: their file is gone, or was cut. */
  readonly lost: number;
}

export interface SpoolLine {
  readonly bytes: Buffer;
  /** Offset behind its line end. */
  readonly end: number;
  /** Of an earlier process: it may hold anything. */
  readonly foreign: boolean;
}

const maxSegmentBytes = 8_388_608;
const newline = 0x0a;

/**
 * The lines of a spool, in files of bounded size. An offset counts bytes since the spool was first made, and the name of
 * a file is the offset of its first byte: so nothing is ever rewritten, and what is settled is removed file by file.
 */
export class SegmentLog {
  readonly #options: SegmentLogOptions;
  readonly #segments: Segment[] = [];
  readonly #segmentBytes: number;
  /** Where this process has begun to write. */
  readonly #ownFrom: number;
  /** The last segment, while it is open for appending. */
  #file: AppendFile | undefined;
  #diskBytes = 0;
  #end: number;

  /** Opens what there is; where nothing is, the log begins at `from`. @throws what the file system reports */
  constructor(options: SegmentLogOptions, from: number) {
    this.#options = options;
    this.#segmentBytes = Math.min(maxSegmentBytes, Math.ceil(options.maxBytes / 8));
    const bases = readdirSync(options.directory).map(baseOfName);
    const sorted = bases.filter((one) => one !== undefined).sort((a, b) => a - b);
    for (const [index, base] of sorted.entries()) {
      const path = join(options.directory, segmentName(base));
      const next = sorted[index + 1];
      // What a file has beyond the beginning of the next one was never accepted.
      const bytes = next === undefined ? cutTornLine(path) : Math.min(statSync(path).size, next - base);
      this.#segments.push({ path, base, bytes, unread: 0 });
      this.#diskBytes += bytes;
    }
    const last = this.#segments.at(-1);
    if (last !== undefined && last.bytes > 0) this.#endLine(last);
    this.#end = Math.max(from, last === undefined ? 0 : last.base + last.bytes);
    this.#ownFrom = this.#end;
  }

  /** Offset of the first line that is there. */
  get start(): number {
    return this.#segments[0]?.base ?? this.#end;
  }

  get end(): number {
    return this.#end;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#diskBytes + bytes <= this.#options.maxBytes;
  }

  /** The beginning of a line at or before `offset`, from which on nothing is left out. */
  lineStart(offset: number): number {
    const segment = this.#segments.find(({ base, bytes }) => offset > base && offset < base + bytes);
    if (segment === undefined || isLineStart(segment.path, offset - segment.base)) return offset;
    return segment.base;
  }

  /** Counts the lines from `offset` on; to be called before they are read. */
  countFrom(offset: number): number {
    for (const segment of this.#segments) {
      const behind = segment.base + segment.bytes <= offset;
      segment.unread = behind ? 0 : countLines(segment.path, Math.max(0, offset - segment.base), segment.bytes);
    }
    return this.#segments.reduce((sum, { unread }) => sum + unread, 0);
  }

  /** Appends a line, with its line end. @throws what the file system reports; nothing of it stays then */
  append(line: Uint8Array): void {
    const file = this.#file !== undefined && this.#fits(line.length) ? this.#file : this.#newSegment();
    const segment = this.#segments.at(-1) as Segment;
    try {
      const written = writeSync(file.fd, line);
      if (written < line.length) writeAllSync(file.fd, line.subarray(written));
      if (this.#options.fsync) fdatasyncSync(file.fd);
    } catch (error) {
      this.#takeBack(file, segment.bytes);
      throw error;
    }
    segment.bytes += line.length;
    segment.unread++;
    this.#diskBytes += line.length;
    this.#end += line.length;
  }

  /** The line that was appended last need not be read. */
  skipLast(): void {
    const segment = this.#segments.at(-1);
    if (segment !== undefined) segment.unread--;
  }

  /** The lines from `offset` on that fit into `maxBytes`, one at least. @throws what the file system reports */
  read(offset: number, maxLines: number, maxBytes: number): SpoolRead {
    const segment = this.#segments.find(({ base, bytes }) => offset < base + bytes);
    if (segment === undefined) return { lines: [], next: this.#end, lost: 0 };
    const from = Math.max(0, offset - segment.base);
    const chunk = this.#readLines(segment, from, maxBytes);
    if (chunk === undefined) return this.#giveUp(segment);
    const lines: SpoolLine[] = [];
    let start = 0;
    while (start < chunk.length && lines.length < maxLines) {
      const at = chunk.indexOf(newline, start);
      const end = segment.base + from + at + 1;
      lines.push({ bytes: chunk.subarray(start, at), end, foreign: end <= this.#ownFrom });
      start = at + 1;
    }
    segment.unread -= lines.length;
    return { lines, next: segment.base + from + start, lost: 0 };
  }

  /** Removes the files in which everything is before `offset`. @throws what the file system reports */
  release(offset: number): void {
    for (let first = this.#segments[0]; first !== undefined; first = this.#segments[0]) {
      const inUse = this.#file !== undefined && this.#segments.length === 1;
      if (inUse || first.base + first.bytes > offset) return;
      this.#remove(first);
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #fits(bytes: number): boolean {
    const current = this.#segments.at(-1)?.bytes ?? 0;
    return current === 0 || current + bytes <= this.#segmentBytes;
  }

  #newSegment(): AppendFile {
    this.close();
    const { directory, fsync } = this.#options;
    const path = join(directory, segmentName(this.#end));
    const file = openAppend(path);
    this.#file = file;
    // Left over from a write that failed and could not be taken back.
    if (file.sizeBytes > 0) ftruncateSync(file.fd, 0);
    // An empty one of the same offset may be there already.
    if (this.#segments.at(-1)?.base !== this.#end) this.#segments.push({ path, base: this.#end, bytes: 0, unread: 0 });
    if (fsync) syncDirectory(directory);
    return file;
  }

  /** A part of a line must not stay before the next; where it cannot be taken back, the next goes into another file. */
  #takeBack(file: AppendFile, bytes: number): void {
    try {
      ftruncateSync(file.fd, bytes);
    } catch {
      // What made the write fail is told, and is likely the same.
      this.close();
    }
  }

  /** Whole lines, of `maxBytes` at most or one; `undefined` where the file does not have them any more. */
  #readLines(segment: Segment, from: number, maxBytes: number): Buffer | undefined {
    const left = segment.bytes - from;
    for (let length = Math.min(left, maxBytes); ; length = Math.min(left, length * 2)) {
      let chunk: Buffer;
      try {
        chunk = readAt(segment.path, from, length);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
      const end = chunk.lastIndexOf(newline) + 1;
      if (end > 0) return chunk.subarray(0, end);
      if (chunk.length < length || length === left) return undefined;
    }
  }

  /** Somebody has removed the file, or cut it. */
  #giveUp(segment: Segment): SpoolRead {
    const lost = segment.unread;
    segment.unread = 0;
    if (segment === this.#segments.at(-1)) this.close();
    return { lines: [], next: segment.base + segment.bytes, lost };
  }

  #remove(segment: Segment): void {
    try {
      unlinkSync(segment.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    this.#segments.shift();
    this.#diskBytes -= segment.bytes;
  }

  /** Ends a last line that lacks only its line end. */
  #endLine(segment: Segment): void {
    const file = openAppend(segment.path);
    const added = file.sizeBytes - segment.bytes;
    file.close();
    segment.bytes += added;
    this.#diskBytes += added;
  }
}

/** Puts the names in a directory on the disk. */
export function syncDirectory(path: string): void {
  if (process.platform === "win32") return; // It has no such call; its names are journaled.
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
