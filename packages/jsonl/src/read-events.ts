import { eventFromRecord, type LoopEvent } from "@loops/core";
import { type BadLine, readNdjson } from "@loops/core/ndjson";

export interface ReadEventsOptions {
  /** Is told of each line that is skipped, in order. */
  readonly onBad?: ((line: BadLine) => void) | undefined;
}

/** The events of a file, read while they are iterated. */
export interface EventReader extends AsyncIterable<LoopEvent> {
  /** Lines skipped so far: no JSON, no object, no UTF-8, too long, or torn. Blank lines do not count. */
  readonly badLines: number;
}

/**
 * Reads the events of a JSON Lines file in order, up to its end at the time of reading. A missing file is empty; lines
 * that are no events are skipped and counted. Reads what other writers made: `type` and `timestamp` as aliases, blanks,
 * ASCII escapes, bare `NaN`.
 *
 * At least once: after a crash an event can be there twice. Its `id` tells.
 */
export function readEvents(path: string, options: ReadEventsOptions = {}): EventReader {
  let badLines = 0;
  const onBad = (line: BadLine) => {
    badLines++;
    options.onBad?.(line);
  };
  return {
    get badLines() {
      return badLines;
    },
    async *[Symbol.asyncIterator]() {
      badLines = 0;
      for await (const { value } of readNdjson(path, { onBad })) yield eventFromRecord(value);
    },
  };
}
