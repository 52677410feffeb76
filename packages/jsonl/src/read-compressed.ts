import type { LoopEvent } from "@loops/core";
import { type Line, LineSplitter, parseLine } from "@loops/core/ndjson";
import { eventOf } from "./event-of.js";
import { type LogFile, openIfThere } from "./log-file.js";
import type { BadFileLine } from "./log-reader.js";
import type { ReadGap } from "./read-gap.js";

export interface Told {
  onBad(line: BadFileLine): void;
  onGap(gap: ReadGap): void;
}

/** The events of one compressed file. Behind where it is damaged there are none: that is a gap. */
export async function* readCompressed(path: string, told: Told): AsyncGenerator<LoopEvent, void, undefined> {
  const file = await openIfThere(path, true);
  if (file === null) return;
  const splitter = new LineSplitter();
  let number = 0;
  function* events(lines: Iterable<Line>): Generator<LoopEvent, void, undefined> {
    for (const { bytes, start, end, torn } of lines) {
      number++;
      const parsed = parseLine(bytes);
      if (parsed.kind === "record") yield eventOf(parsed.value);
      if (parsed.kind === "bad") told.onBad({ path, start, end, torn, reason: parsed.reason, number });
    }
  }
  try {
    for (;;) {
      const chunk = await readChunk(file, told);
      if (chunk === "damaged") return;
      if (typeof chunk === "string") break;
      yield* events(splitter.push(chunk));
    }
    const last = splitter.end();
    if (last !== null) yield* events([last]);
  } finally {
    file.close();
  }
}

async function readChunk(file: LogFile, told: Told): Promise<Buffer | "end" | "damaged" | "truncated"> {
  try {
    return await file.read(Buffer.alloc(0));
  } catch (cause) {
    told.onGap({ reason: "unreadable", path: file.path, missedFiles: null, cause });
    return "damaged";
  }
}
