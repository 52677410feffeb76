import { closeSync, openSync, readSync, statSync, truncateSync } from "node:fs";
import { parseLine } from "@loops/core/ndjson";

/** A file of a spool: JSON lines from an offset of the whole spool on. */
export interface Segment {
  readonly path: string;
  /** Offset of its first byte. */
  readonly base: number;
  bytes: number;
  /** Lines that were not read yet. */
  unread: number;
}

const namePattern = /^(\d{16})\.jsonl$/;

/** Names sort as offsets do. */
export function segmentName(base: number): string {
  return `${String(base).padStart(16, "0")}.jsonl`;
}

/** `undefined` for a file that is no segment. */
export function baseOfName(name: string): number | undefined {
  const digits = namePattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

const newline = 0x0a;
const chunkBytes = 262_144;

/**
 * Removes what a killed writer left of a line at the end of a file: its `emit` has not returned. A line that lacks only
 * its line end stays, for whoever appends to the file to end it. Returns the size.
 */
export function cutTornLine(path: string): number {
  const { size } = statSync(path);
  const lastEnd = lastNewline(path, size) + 1;
  if (lastEnd === size) return size;
  const tail = readAt(path, lastEnd, size - lastEnd);
  if (parseLine(tail).kind === "record") return size;
  truncateSync(path, lastEnd);
  return lastEnd;
}

/** How many lines end between two offsets of a file. */
export function countLines(path: string, from: number, to: number): number {
  let count = 0;
  for (let offset = from; offset < to; offset += chunkBytes) {
    const chunk = readAt(path, offset, Math.min(chunkBytes, to - offset));
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) count++;
  }
  return count;
}

/** Whether a line begins there. */
export function isLineStart(path: string, offset: number): boolean {
  return offset === 0 || readAt(path, offset - 1, 1)[0] === newline;
}

/** Up to `length` bytes; fewer where the file ends. @throws what the file system reports */
export function readAt(path: string, offset: number, length: number): Buffer {
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.allocUnsafe(length);
    let read = 0;
    while (read < length) {
      const count = readSync(fd, bytes, read, length - read, offset + read);
      if (count === 0) break;
      read += count;
    }
    return bytes.subarray(0, read);
  } finally {
    closeSync(fd);
  }
}

/** -1 where there is none. */
function lastNewline(path: string, size: number): number {
  for (let end = size; end > 0; end -= chunkBytes) {
    const start = Math.max(0, end - chunkBytes);
    const at = readAt(path, start, end - start).lastIndexOf(newline);
    if (at !== -1) return start + at;
  }
  return -1;
}
