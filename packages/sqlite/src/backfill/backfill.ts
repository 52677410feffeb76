import { setImmediate as nextTurn } from "node:timers/promises";
import { type EventInput, encodeEvent, eventFromRecord, LoopsError } from "@loops/core";
import { type DatabaseGiven, whileBusy } from "../database/open-database.js";
import { type EventRow, eventRow } from "../rows/event-row.js";
import { RunStates } from "../rows/run-states.js";
import { FileWriter } from "../write/file-writer.js";
import { KyselyWriter } from "../write/kysely-writer.js";
import { contentId } from "./content-id.js";
import { type Found, loopsRecords } from "./loops-records.js";

/** A directory of loops (`.loops`), or events, such as those that `readEvents` of `@loops/jsonl` gives. */
export type BackfillSource = string | Iterable<EventInput> | AsyncIterable<EventInput>;

export interface BackfillResult {
  /** Runs that were found in the directory. */
  readonly loops: number;
  /** Events that were read. */
  readonly events: number;
  /** Those of them that were not there yet. */
  readonly added: number;
  /** Lines and files that are no JSON object. */
  readonly malformed: number;
}

/** Events in one transaction: the event loop waits for so many. */
const batchEvents = 200;

/** For so long another process may hold the lock. */
const lockTimeoutMs = 10_000;

/**
 * Takes in events that were emitted before, each once: by its `id`, and without one by what it says.
 *
 * @throws LoopsError `LOOPS_CONFIG`, and what the file system and the driver throw; what was added until then stays
 */
export async function backfill(given: DatabaseGiven, source: BackfillSource): Promise<BackfillResult> {
  const counts = { loops: 0, events: 0, added: 0, malformed: 0 };
  const writer = "path" in given ? new FileWriter(given) : new KyselyWriter(given);
  const { signal } = new AbortController();
  const write = async (rows: readonly EventRow[]) => {
    if (rows.length === 0) return;
    counts.added += await whileBusy(() => writer.write(rows, signal), lockTimeoutMs);
    if (writer instanceof FileWriter && writer.checkpointDue) writer.checkpoint();
    await nextTurn();
  };
  try {
    let rows: EventRow[] = [];
    const states = new RunStates();
    const newId = contentId();
    for await (const record of recordsOf(source, counts)) {
      const event = eventFromRecord(record);
      const identified = event.id === "" ? { ...event, id: newId(event) } : event;
      rows.push(eventRow(identified, encodeEvent(identified).json, states));
      counts.events++;
      if (rows.length < batchEvents) continue;
      await write(rows);
      rows = [];
    }
    await write(rows);
  } finally {
    await writer.close();
  }
  return counts;
}

async function* recordsOf(
  source: BackfillSource,
  counts: { loops: number; malformed: number },
): AsyncGenerator<Record<string, unknown>> {
  if (typeof source === "string") {
    const onFound = (what: Found) => {
      if (what === "loop") counts.loops++;
      else counts.malformed++;
    };
    yield* loopsRecords(source, onFound);
    return;
  }
  if (typeof source !== "object" || source === null || !(Symbol.iterator in source || Symbol.asyncIterator in source)) {
    throw new LoopsError("LOOPS_CONFIG", "[sqlite] backfill takes the path of a loops directory, or events to iterate");
  }
  for await (const event of source) {
    if (typeof event === "object" && event !== null && !Array.isArray(event))
      yield event as unknown as Record<string, unknown>;
    else counts.malformed++;
  }
}
