import type { LoopEvent, StoredEvent } from "@loops/core";
import { type NdjsonRecord, readNdjsonSync } from "@loops/core/ndjson";
import { recover } from "./recover.js";

/**
 * The events of a journal, in order, as they were committed; none where there is no such file. Lines that are no
 * events are skipped. A journal of the original system, which has no `seq`, is read as it is.
 */
export function readJournalEvents(path: string): readonly LoopEvent[] {
  const records = [...readNdjsonSync(path)];
  if (!records.some(isSequenced)) return records.map((record) => record.value as LoopEvent);
  return recover(records).commits.flatMap((commit) => commit.events);
}

/** The committed events with `seq` above `after` and up to `last`. */
export function readStoredEvents(path: string, after: number, last: number): readonly StoredEvent[] {
  if (after >= last) return [];
  return recover(readNdjsonSync(path))
    .commits.flatMap((commit) => commit.events.map((event, index) => ({ seq: commit.firstSeq + index, event })))
    .filter(({ seq }) => seq > after && seq <= last);
}

function isSequenced({ value }: NdjsonRecord): boolean {
  return typeof value["seq"] === "number";
}
