import { eventFromRecord, type LoopEvent } from "@loops/core";

/** A record as an event. One that was written as such is it already: copying each would cost a quarter of the time. */
export function eventOf(record: Record<string, unknown>): LoopEvent {
  const { event, ts, id } = record;
  const isEvent = typeof event === "string" && typeof ts === "string" && typeof id === "string";
  return isEvent ? (record as LoopEvent) : eventFromRecord(record);
}
