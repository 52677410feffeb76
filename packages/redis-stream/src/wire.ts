import { randomUUID } from "node:crypto";
import { eventFromRecord, type LoopEvent } from "@loops/core";

/**
 * How an event looks in the field `data` of a stream entry: in the `envelope` that programs around the original bus
 * read, or `flat`, as it is everywhere else in @loops.
 */
export type Wire = "envelope" | "flat";

/** The body of an entry in the form `envelope`, its keys in this order. */
export interface Envelope {
  readonly schema_version: "1";
  /** The event's name. */
  readonly kind: string;
  readonly arena: string;
  readonly arena_id: string;
  readonly phase: string;
  /** ISO 8601 in UTC, ending in `+00:00`. */
  readonly ts: string;
  /** The event's own, else its `run_id`, else 32 hexadecimal digits. */
  readonly correlation_id: string;
  /** All other fields, `id` among them. */
  readonly payload: Readonly<Record<string, unknown>>;
}

const places = ["arena", "arena_id", "phase"] as const;

/**
 * An event as an envelope. Pure, and {@link fromWire} gives the same event back: fields that cannot stand in the
 * envelope, because they are no text or empty, stay in the payload.
 */
export function toWire(event: LoopEvent): Envelope {
  const { event: kind, ts, ...payload } = event as LoopEvent & Record<string, unknown>;
  const take = (name: string) => {
    const value = payload[name];
    if (typeof value !== "string" || value === "") return "";
    delete payload[name];
    return value;
  };
  const [arena = "", arenaId = "", phase = ""] = places.map(take);
  const derived = derivedCorrelation(payload);
  // One that would be derived anyway is the event's own only if it stands in the payload, too.
  const own = payload["correlation_id"] === derived ? derived : take("correlation_id");
  return {
    schema_version: "1",
    kind,
    arena,
    arena_id: arenaId,
    phase,
    ts: ts.endsWith("Z") ? `${ts.slice(0, -1)}+00:00` : ts,
    correlation_id: own || derived || randomUUID().replaceAll("-", ""),
    payload,
  };
}

/**
 * The text of the field `data` for an event's JSON. Most envelopes are cut from it without parsing: five sinks still cost
 * one serialisation.
 */
export function wireText(json: string, wire: Wire): string {
  return wire === "flat" ? json : (cutEnvelope(json) ?? JSON.stringify(toWire(JSON.parse(json))));
}

/** As every event begins where nothing in there had to be escaped. */
const beginning = /^\{"event":"([^"\\]*)","ts":"([^"\\]*)Z",("id":"([^"\\]+)")/;
/** What may have to be moved, be it a field of the event or of something in it. */
const mayMove = /"(?:arena|arena_id|phase|correlation_id)":/;

function cutEnvelope(json: string): string | undefined {
  const found = beginning.exec(json);
  if (found === null || mayMove.test(json)) return undefined;
  const [head, kind = "", time = "", idField = "", id = ""] = found;
  const correlation = runIdIn(json, head.length) ?? hex128(id);
  // With a list or an object before it, it may be a field of that.
  if (correlation === ambiguous) return undefined;
  const payload = json.slice(head.length - idField.length);
  return `{"schema_version":"1","kind":"${kind}","arena":"","arena_id":"","phase":"","ts":"${time}+00:00","correlation_id":"${correlation}","payload":{${payload}}`;
}

const ambiguous = "\\";

/** The text of the field `run_id`, {@link ambiguous} where that takes parsing. */
function runIdIn(json: string, from: number): string | undefined {
  const name = '"run_id":"';
  const at = json.indexOf(name, from);
  if (at < 0) return undefined;
  const start = at + name.length;
  const value = json.slice(start, json.indexOf('"', start));
  if (value.includes("\\") || /[[{]/.test(json.slice(from, at))) return ambiguous;
  return value === "" ? undefined : value;
}

/** The beginning of what {@link wireText} cuts, up to the fields of the payload. */
const envelopeHead =
  /^\{"schema_version":"1","kind":"([^"\\]*)","arena":"","arena_id":"","phase":"","ts":"([^"\\]*)\+00:00","correlation_id":"([^"\\]*)","payload":\{(?="id":")/;

/**
 * The event in the text of a plain envelope, parsed as if it were flat: that costs less than to parse the envelope. Anything
 * else, be it no JSON, is `undefined`.
 *
 * @param stream_id becomes a field of the event
 */
export function cutEvent(json: string, stream_id?: string): LoopEvent | undefined {
  const found = envelopeHead.exec(json);
  if (found === null || !json.endsWith("}}")) return undefined;
  const [head, kind = "", time = "", correlation] = found;
  const ts = `${time}Z`;
  const entry = stream_id === undefined ? "" : `"stream_id":"${stream_id}",`;
  let event: LoopEvent;
  try {
    event = JSON.parse(`{"event":"${kind}","ts":"${ts}",${entry}${json.slice(head.length, -1)}`);
  } catch {
    // Whoever parses it as it is will tell what is wrong with it.
    return undefined;
  }
  // A field of the payload that is so named would have won.
  const isOwn =
    event.event === kind && event.ts === ts && (stream_id === undefined || event["stream_id"] === stream_id);
  return isOwn && correlation === derivedCorrelation(event) ? event : undefined;
}

/** A body, in either form, as a flat event. The body is not changed. */
export function fromWire(body: Readonly<Record<string, unknown>>): LoopEvent {
  const { schema_version: version, kind, ts, correlation_id: correlation, payload, ...others } = body;
  if (typeof kind !== "string" || "event" in body || !isObject(payload)) return eventFromRecord(body);
  const own = correlation !== undefined && correlation !== "" && correlation !== derivedCorrelation(payload);
  const isFilled = ([name, value]: [string, unknown]) => value !== "" || !(places as readonly string[]).includes(name);
  const outside: Record<string, unknown> = {
    event: kind,
    ts: utc(ts),
    ...Object.fromEntries(Object.entries(others).filter(isFilled)),
    ...(version !== "1" && version !== undefined && { schema_version: version }),
    ...(own && { correlation_id: correlation }),
  };
  // What a stranger's payload calls by a name that is taken is not thrown away: it stays in a payload of its own.
  const taken = Object.keys(payload).filter((name) => Object.hasOwn(outside, name));
  if (taken.length === 0) return eventFromRecord({ ...outside, ...payload });
  const rest = Object.fromEntries(taken.map((name) => [name, payload[name]]));
  return eventFromRecord({ payload: rest, ...payload, ...outside });
}

function utc(ts: unknown): unknown {
  return typeof ts === "string" && ts.endsWith("+00:00") ? `${ts.slice(0, -6)}Z` : ts;
}

/** What correlates an event that does not say it: its run, else nothing but itself. */
function derivedCorrelation({ run_id: runId, id }: Readonly<Record<string, unknown>>): string {
  if (typeof runId === "string" && runId !== "") return runId;
  return typeof id === "string" && id !== "" ? hex128(id) : "";
}

/**
 * 32 hexadecimal digits that stand for an id, in place of random ones: so a body that is made again is the same, and
 * who reads it sees that the event had no correlation of its own. Four FNV-1a hashes with different beginnings.
 */
function hex128(id: string): string {
  let [a, b, c, d] = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35];
  for (let i = 0; i < id.length; i++) {
    const unit = id.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    c = Math.imul(c ^ unit, 0xc2b2ae35);
    d = Math.imul(d ^ unit, 0x27d4eb2f);
  }
  return word(a ^ (d >>> 15)) + word(b ^ (a >>> 13)) + word(c ^ (b >>> 16)) + word(d ^ (c >>> 14));
}

function word(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
