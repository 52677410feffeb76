import { resolve } from "node:path";
import type { LoopEvent } from "@loops/core";
import { type BadLine, type NdjsonRecord, readNdjson } from "@loops/core/ndjson";
import { eventOf } from "./event-of.js";
import { type BadFileLine, LogReader } from "./log-reader.js";
import { readCompressed } from "./read-compressed.js";
import type { ReadGap } from "./read-gap.js";
import { checkCallbacks, checkPath, noRegularFile } from "./read-path.js";

export interface ReadEventsOptions {
  /** Read the rotated files first, the oldest before all, compressed or not. @default false */
  readonly rotated?: boolean | undefined;
  /** Is told of each line that is skipped, in order. */
  readonly onBad?: ((line: BadFileLine) => void) | undefined;
  /** Is told where events may be missing: files that changed while they were read, or are damaged. */
  readonly onGap?: ((gap: ReadGap) => void) | undefined;
}

/** The events of a file, read while they are iterated. */
export interface EventReader extends AsyncIterable<LoopEvent> {
  /** Lines skipped so far: no JSON, no object, no UTF-8, too long, or torn. Blank lines do not count. */
  readonly badLines: number;
  /** How often events may be missing. `onGap` tells why. */
  readonly gaps: number;
}

/**
 * Reads the events of a JSON Lines file in order, up to its end at the time of reading; with `rotated` those of the
 * rotated files before. A missing file is empty; lines that are no events are skipped and counted. Reads what other
 * writers made: `type` and `timestamp` as aliases, blanks, ASCII escapes, bare `NaN`. A path that ends in `.gz` is that
 * one compressed file.
 *
 * At least once: after a crash an event can be there twice. Its `id` tells.
 *
 * @throws LoopsError `LOOPS_CONFIG` for options of the wrong kind; while iterating, for a directory, and else what the
 * file system reports
 */
export function readEvents(path: string, options: ReadEventsOptions = {}): EventReader {
  const { rotated = false, onBad, onGap } = options;
  checkPath(path, "readEvents");
  checkCallbacks({ onBad, onGap });
  const counts = { badLines: 0, gaps: 0 };
  const count = {
    onBad(line: BadFileLine) {
      counts.badLines++;
      onBad?.(line);
    },
    onGap(gap: ReadGap) {
      counts.gaps++;
      onGap?.(gap);
    },
  };
  return {
    get badLines() {
      return counts.badLines;
    },
    get gaps() {
      return counts.gaps;
    },
    async *[Symbol.asyncIterator]() {
      Object.assign(counts, { badLines: 0, gaps: 0 });
      if (path.endsWith(".gz")) return yield* readCompressed(path, count);
      if (rotated) return yield* readAll(new LogReader({ path: resolve(path), from: "oldest", lingerMs: 0, ...count }));
      const told = (line: BadLine) => count.onBad({ ...line, path });
      for await (const { value } of records(path, told)) yield eventOf(value);
    },
  };
}

async function* records(path: string, onBad: (line: BadLine) => void): AsyncGenerator<NdjsonRecord, void, undefined> {
  try {
    yield* readNdjson(path, { onBad });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EISDIR" ? noRegularFile(path, error) : error;
  }
}

async function* readAll(reader: LogReader): AsyncGenerator<LoopEvent, void, undefined> {
  try {
    for (let ended = false; ; ) {
      for (let event = reader.take(); event !== undefined; event = reader.take()) yield event;
      if (ended) break;
      ended = !(await reader.fill());
      // What is left is the torn last line, after which nothing can follow.
      if (ended) reader.end();
    }
  } finally {
    reader.close();
  }
}
