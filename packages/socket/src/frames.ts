import { encodeEvent, isoNow, type LoopEvent } from "@loops/core";

/** Version of the wire, told in `socket.hello`. */
export const protocolVersion = 1;

/** Why the server ends a connection. */
export type ClosingReason = "close" | "slow" | "protocol" | "capacity";

export interface Gap {
  /** `null` where it cannot be known. */
  readonly missed: number | null;
  /** The id of the first event missing. */
  readonly firstId?: string | null | undefined;
  /** The place behind what is missing. */
  readonly cursor?: string | null | undefined;
}

/** A frame of the server's own, as JSON text. */
function socketFrame(name: string, fields: object): string {
  return JSON.stringify({ event: `socket.${name}`, ts: isoNow(), ...fields });
}

export interface Hello {
  readonly replay: boolean;
  readonly cursor: string | null;
  readonly snapshots: number;
  readonly heartbeatMs: number;
}

/** The answer to a request: what follows it. */
export function helloFrame({ replay, cursor, snapshots, heartbeatMs }: Hello): string {
  return socketFrame("hello", { protocol: protocolVersion, replay, cursor, snapshots, heartbeat_ms: heartbeatMs });
}

/** How many events are missing at this place. */
export function gapFrame({ missed, firstId = null, cursor = null }: Gap): string {
  return socketFrame("gap", { missed, first_id: firstId, cursor });
}

/** A sign of life where nothing else was sent for a while. */
export function heartbeatFrame(cursor: string | null): string {
  return socketFrame("heartbeat", { cursor });
}

/** The last frame of a connection that the server ends. */
export function closingFrame(reason: ClosingReason): string {
  return socketFrame("closing", { reason });
}

/** What was wrong with a request; the connection ends after it. */
export function errorFrame(message: string): string {
  return socketFrame("error", { code: "LOOPS_SOCKET_REQUEST", message });
}

/** An event with its place in the log. `event` is an object here, which tells an entry from a plain event. */
export function entryFrame(cursor: string, event: LoopEvent): string {
  return `{"cursor":${JSON.stringify(cursor)},"event":${encodeEvent(event).json}}`;
}

/** The state of one run, as the caller gave it; `ts` and `cursor` where it gave none. Never throws. */
export function snapshotFrame(run: object, cursor: string | null): string {
  const { event: _, ts, ...fields } = run as Record<string, unknown>;
  const place = cursor === null || "cursor" in fields ? {} : { cursor };
  // Encoded as an event: what JSON cannot say becomes readable, and it has an event's limit.
  const frame = { event: "state_change", ts: ts ?? isoNow(), ...fields, ...place };
  return encodeEvent(frame as unknown as LoopEvent).json;
}
