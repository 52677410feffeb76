import { closeSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { type Line, LineSplitter } from "./line-splitter.js";
import { type BadLineReason, parseLine } from "./parse-line.js";

/** A record with its place in the file, in bytes. */
export interface NdjsonRecord {
  readonly value: Record<string, unknown>;
  /** Of the first byte of its line. */
  readonly start: number;
  /** Behind its line end. */
  readonly end: number;
  /** The last line, and without its line end: whole by luck, or still being written. */
  readonly torn: boolean;
}

/** A line that was skipped. Blank lines are no bad lines. */
export interface BadLine {
  readonly reason: BadLineReason;
  readonly start: number;
  readonly end: number;
  /** The last line, and without its line end: a writer was cut off, or is still writing. */
  readonly torn: boolean;
  /** From 1, counted from where reading began, blank lines included. */
  readonly number: number;
}

export interface ReadNdjsonOptions {
  /** Called for each line that is skipped, in order. Count them here: a reader never stops for a bad line. */
  readonly onBad?: ((line: BadLine) => void) | undefined;
  /** Byte offset to begin at; it must be the start of a line. @default 0 */
  readonly start?: number | undefined;
  /** A longer line is skipped as bad. @default 64 MiB */
  readonly maxLineBytes?: number | undefined;
}

const chunkBytes = 64 * 1024;

/**
 * The records of an NDJSON file, in order, up to its end at the time of reading. A missing file is empty. Lines that
 * are no JSON object are skipped and reported to `onBad`.
 *
 * @throws what the file system reports, except that the file does not exist
 */
export async function* readNdjson(
  path: string,
  options: ReadNdjsonOptions = {},
): AsyncGenerator<NdjsonRecord, void, undefined> {
  const file = await open(path, "r").catch(nullIfMissing);
  if (file === null) return;
  try {
    const records = new RecordReader(options);
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (let position = options.start ?? 0; ; ) {
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      yield* records.push(chunk.subarray(0, bytesRead));
    }
    yield* records.end();
  } finally {
    await file.close();
  }
}

/** {@link readNdjson}, synchronous: for recovery before a program starts. */
export function* readNdjsonSync(
  path: string,
  options: ReadNdjsonOptions = {},
): Generator<NdjsonRecord, void, undefined> {
  const fd = openIfExists(path);
  if (fd === null) return;
  try {
    const records = new RecordReader(options);
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (let position = options.start ?? 0; ; ) {
      const bytesRead = readSync(fd, chunk, 0, chunkBytes, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      yield* records.push(chunk.subarray(0, bytesRead));
    }
    yield* records.end();
  } finally {
    closeSync(fd);
  }
}

/** Turns chunks into records and reports what is none. */
class RecordReader {
  readonly #splitter: LineSplitter;
  readonly #onBad: ReadNdjsonOptions["onBad"];
  #number = 0;

  constructor(options: ReadNdjsonOptions) {
    this.#splitter = new LineSplitter(options);
    this.#onBad = options.onBad;
  }

  *push(chunk: Buffer): Generator<NdjsonRecord, void, undefined> {
    for (const line of this.#splitter.push(chunk)) {
      const record = this.#record(line);
      if (record !== null) yield record;
    }
  }

  *end(): Generator<NdjsonRecord, void, undefined> {
    const line = this.#splitter.end();
    const record = line === null ? null : this.#record(line);
    if (record !== null) yield record;
  }

  #record({ start, end, torn, bytes }: Line): NdjsonRecord | null {
    this.#number += 1;
    const parsed = parseLine(bytes);
    if (parsed.kind === "record") return { value: parsed.value, start, end, torn };
    if (parsed.kind === "bad") this.#onBad?.({ reason: parsed.reason, start, end, torn, number: this.#number });
    return null;
  }
}

function openIfExists(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (error) {
    return nullIfMissing(error);
  }
}

function nullIfMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
  throw error;
}
