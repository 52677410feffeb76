import { statSync } from "node:fs";
import type { StoredEvent } from "@loops/core";
import { type NdjsonRecord, readNdjsonSync } from "@loops/core/ndjson";
import { type JournalPosition, journalStart, recover } from "./recover.js";

/** The committed events with `seq` above `after` and up to `last`. Reads the end of the journal only, as far as it must. */
export function readStoredEvents(path: string, after: number, last: number): readonly StoredEvent[] {
  if (after >= last) return [];
  const from = lineBefore(path, after);
  return recover(readNdjsonSync(path, { start: from.offset }), from)
    .commits.flatMap((commit) => commit.events.map((event, index) => ({ seq: commit.firstSeq + index, event })))
    .filter(({ seq }) => seq > after && seq <= last);
}

const firstWindowBytes = 64 * 1024;

/** A place at a line whose `seq` is not above `after`, sought from the end in growing steps. */
function lineBefore(path: string, after: number): JournalPosition {
  const { size } = statSync(path);
  for (let window = firstWindowBytes; window < size; window *= 4) {
    const sequenced = firstSequenced(path, size - window);
    const seq = sequenced?.value["seq"] as number | undefined;
    if (sequenced !== null && seq !== undefined && seq <= after)
      return { seq: seq - 1, epoch: 0, offset: sequenced.start };
  }
  return journalStart;
}

/** The first whole line behind `start`, which may lie in the middle of one. */
function firstSequenced(path: string, start: number): NdjsonRecord | null {
  for (const record of readNdjsonSync(path, { start })) if (isSequenced(record)) return record;
  return null;
}

/** Lines of the original system are not. */
export function isSequenced({ value }: NdjsonRecord): boolean {
  return typeof value["seq"] === "number";
}
