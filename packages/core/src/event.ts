/**
 * One lifecycle event: flat, JSON, snake_case, because it is the wire.
 *
 * Key order on the wire: `event`, `ts`, `id`, then the caller's fields.
 */
export interface LoopEvent {
  /** What happened: `"state_enter"`, `"issue.closed"`. */
  readonly event: string;
  /** When it happened, ISO 8601 in UTC. */
  readonly ts: string;
  /** Identity over all processes, for deduplication: `<ms since epoch, base 36>-<random>-<n>`. Nothing sorts by it. */
  readonly id: string;
  readonly [field: string]: unknown;
}

/** What a caller emits: the bus stamps `ts` and `id` where they are absent, and nothing else. */
export interface EventInput {
  readonly event: string;
  readonly ts?: string | undefined;
  readonly id?: string | undefined;
  readonly [field: string]: unknown;
}

/** The serialised form of an event, made once, on first use, and shared by all sinks. */
export interface EncodedEvent {
  /** Compact JSON without a line end. */
  readonly json: string;
  /** `json` and `\n`. */
  readonly line: string;
  /** `line` as UTF-8. Shared: do not write into it. */
  readonly bytes: Uint8Array;
}

/**
 * A record that was read somewhere as an event: the name from `event`, else `type`, else `"unknown"`; the time from
 * `ts`, else `timestamp`, else empty; `id` empty where there is none. An alias is left where it is if the field itself
 * is there. The record is not changed.
 */
export function eventFromRecord(record: Readonly<Record<string, unknown>>): LoopEvent {
  const { event, ts, id, ...fields } = record;
  const name = event ?? take(fields, "type") ?? "unknown";
  const time = ts ?? take(fields, "timestamp") ?? "";
  return { event: textOf(name), ts: textOf(time), id: textOf(id ?? ""), ...fields };
}

/** A record comes from JSON, where an object may pose as anything, with a `toString` that is none. */
function textOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function take(fields: Record<string, unknown>, key: string): unknown {
  const value = fields[key];
  if (value !== undefined && value !== null) delete fields[key];
  return value;
}
