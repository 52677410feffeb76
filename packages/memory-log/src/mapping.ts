import type { Cursor, LoopEvent } from "@loops/core";
import type { MemoryLogRecord } from "./memory-log-record.js";

/** An event of the bus as a memory log has it: the kind is the event's name, the payload all the rest. */
export function toWire(event: LoopEvent): Pick<MemoryLogRecord, "kind" | "payload"> {
  const { event: kind, ...payload } = event;
  return { kind, payload };
}

/**
 * A record of a memory log as an event of the bus. Undoes {@link toWire}. What was appended without `ts` or `id` gets
 * the record's time and its cursor; a field `event` in the payload gives way to the kind.
 */
export function fromWire(record: MemoryLogRecord, cursor: Cursor): LoopEvent {
  const { event: _reserved, ts, id, ...fields } = record.payload;
  return {
    event: record.kind,
    ts: typeof ts === "string" ? ts : new Date(record.timestamp * 1000).toISOString(),
    id: typeof id === "string" ? id : cursor,
    ...fields,
  };
}
