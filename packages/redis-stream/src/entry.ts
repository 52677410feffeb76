import { isUtf8 } from "node:buffer";
import { errorMessage, type LoopEvent } from "@loops/core";
import { cutEvent, fromWire, isObject } from "./wire.js";

/** An event that was read from a stream. */
export type StreamEvent = LoopEvent & {
  /** Its id in the stream, `<ms>-<n>`; a field of that name in the event gives way. */
  readonly stream_id: string;
};

/** An entry that holds no event. */
export interface StreamError {
  readonly stream_id: string;
  /** `no_data_field`, `json_decode: <message>`, `not_an_object` or `utf8_decode`. */
  readonly error: string;
  readonly event?: undefined;
  readonly gap?: undefined;
}

/** What an entry says. An event is told by its `event`, which an error does not have. */
export type EntryRecord = StreamEvent | StreamError;

/** As Redis hands it over, in bytes: the id, and names and values of its fields in turn. */
export type RawEntry = readonly [id: Uint8Array, fields: readonly Uint8Array[]];

/** The same as texts, which costs less; a byte that is no UTF-8 has become U+FFFD in them. */
export type TextEntry = readonly [id: string, fields: readonly string[]];

/** Its fields in turn, as bytes or as texts. */
export type EntryFields = readonly (Uint8Array | string)[];

/** What stands in an entry. Never throws: whatever somebody else has put into the stream ends no reader. */
export function entryRecord([id, fields]: readonly [id: Uint8Array | string, fields: EntryFields]): EntryRecord {
  const stream_id = text(id);
  const json = jsonIn(fields);
  const cut = "json" in json ? cutEvent(json.json, stream_id) : undefined;
  if (cut !== undefined) return cut as StreamEvent;
  const event = eventIn(json);
  return typeof event === "string" ? { stream_id, error: event } : { ...event, stream_id };
}

/** The same without the id; an entry that holds no event is `undefined`. */
export function entryEvent(fields: readonly Uint8Array[]): LoopEvent | undefined {
  const json = jsonIn(fields);
  const event = "json" in json ? (cutEvent(json.json) ?? eventIn(json)) : undefined;
  return typeof event === "string" ? undefined : event;
}

/** The text in the field `data`, or why there is none. */
type Found = { readonly json: string } | { readonly error: string };

function jsonIn(fields: EntryFields): Found {
  const data = dataOf(fields);
  if (data === undefined || data.length === 0) return { error: "no_data_field" };
  if (typeof data !== "string" && !isUtf8(data)) return { error: "utf8_decode" };
  return { json: text(data) };
}

/** The event that a text says, or in another text why there is none. */
function eventIn(found: Found): LoopEvent | string {
  if ("error" in found) return found.error;
  try {
    const body: unknown = JSON.parse(found.json);
    return isObject(body) ? fromWire(body) : "not_an_object";
  } catch (error) {
    return `json_decode: ${errorMessage(error)}`;
  }
}

function dataOf(fields: EntryFields): Uint8Array | string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i];
    if (name?.length === 4 && text(name) === "data") return fields[i + 1];
  }
  return undefined;
}

function text(value: Uint8Array | string): string {
  return typeof value === "string" ? value : (value as Buffer).toString();
}
