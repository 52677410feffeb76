import { type Cursor, type EncodedEvent, encodeEvent, type LoopEvent } from "@loops/core";
import { fromWire, toWire } from "./mapping.js";
import { type RingEntry, textBytes } from "./ring.js";

type Payload = Readonly<Record<string, unknown>>;

/** `RingEntry.form` of {@link eventSnapshot}: the text is the event. */
export const eventForm = 0;
/** `RingEntry.form` of {@link payloadSnapshot}: the text holds the payload, whose keys may be anything. */
export const payloadForm = 1;

/**
 * The text that is kept of an event of the bus: its shared encoding, or a stub where that alone is over `maxBytes`, so
 * that one huge event does not push out all others.
 */
export function eventSnapshot(event: LoopEvent, encoded: EncodedEvent | undefined, maxBytes: number): string {
  const { json } = encoded ?? encodeEvent(event);
  return textBytes(json) <= maxBytes ? json : encodeEvent(event, Math.floor(maxBytes / 2)).json;
}

/** The text that is kept of what `append` is given. Never throws, whatever the payload holds. */
export function payloadSnapshot(kind: string, payload: Payload | null | undefined, maxBytes: number): string {
  return eventSnapshot({ event: kind, ts: "", id: "", payload: payload ?? {} }, undefined, maxBytes);
}

/** An entry as an event of the bus: a new object at each call. */
export function entryEvent(id: number, entry: RingEntry, cursor: Cursor): LoopEvent {
  if (entry.form === eventForm) return parse(entry.text);
  const record = { id, timestamp: entry.timeMs / 1000, kind: entry.kind, payload: entryPayload(entry) };
  return fromWire(record, cursor);
}

/** The payload of an entry: a new object at each call. */
export function entryPayload(entry: RingEntry): Payload {
  const parsed = parse(entry.text);
  if (entry.form === eventForm) return toWire(parsed).payload;
  if (isPayload(parsed["payload"])) return parsed["payload"];
  // The stub of an event that was too large has its own fields instead.
  const { event: _kind, ts: _ts, id: _id, ...stub } = parsed;
  return stub;
}

function parse(text: string): LoopEvent {
  return JSON.parse(text);
}

function isPayload(value: unknown): value is Payload {
  return typeof value === "object" && value !== null;
}
