import type { Cursor, LoopEvent } from "@loops/core";

/** A message of the server, as it was understood. */
export type Frame =
  | {
      readonly kind: "hello";
      readonly replay: boolean;
      readonly cursor: Cursor | null;
      readonly snapshots: number;
      readonly heartbeatMs: number;
    }
  | { readonly kind: "event"; readonly event: LoopEvent; readonly cursor: Cursor | null }
  | { readonly kind: "gap"; readonly missed: number | null; readonly cursor: Cursor | null }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "closing"; readonly reason: string }
  | { readonly kind: "refused"; readonly message: string }
  /** A frame of a later version of the server: passed over. */
  | { readonly kind: "unknown" }
  /** Not this protocol. */
  | { readonly kind: "malformed" };

/** Understands one line of a socket, or one message of a WebSocket. Pure; never throws. */
export function parseFrame(text: string): Frame {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "malformed" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { kind: "malformed" };
  const frame = value as Readonly<Record<string, unknown>>;
  const name = frame["event"];
  // An entry of a log has its event inside of it.
  if (isEvent(name)) return { kind: "event", event: name, cursor: textOrNull(frame["cursor"]) };
  if (typeof name !== "string") return { kind: "malformed" };
  return name.startsWith("socket.")
    ? controlFrame(name, frame)
    : { kind: "event", event: frame as LoopEvent, cursor: null };
}

function controlFrame(name: string, frame: Readonly<Record<string, unknown>>): Frame {
  const cursor = textOrNull(frame["cursor"]);
  switch (name) {
    case "socket.hello":
      return {
        kind: "hello",
        replay: frame["replay"] === true,
        cursor,
        snapshots: countOrNull(frame["snapshots"]) ?? 0,
        heartbeatMs: numberOr(frame["heartbeat_ms"], 0),
      };
    case "socket.gap":
      return { kind: "gap", missed: countOrNull(frame["missed"]), cursor };
    case "socket.heartbeat":
      return { kind: "heartbeat" };
    case "socket.closing":
      return { kind: "closing", reason: shortText(frame["reason"], "close") };
    case "socket.error":
      return { kind: "refused", message: shortText(frame["message"], "the server refused the request") };
    default:
      return { kind: "unknown" };
  }
}

function isEvent(value: unknown): value is LoopEvent {
  return typeof value === "object" && value !== null && typeof (value as { event?: unknown }).event === "string";
}

const textOrNull = (value: unknown) => (typeof value === "string" ? value : null);
const countOrNull = (value: unknown) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null);
const shortText = (value: unknown, otherwise: string) => (typeof value === "string" ? value.slice(0, 500) : otherwise);
const numberOr = (value: unknown, otherwise: number) => (typeof value === "number" && value >= 0 ? value : otherwise);
