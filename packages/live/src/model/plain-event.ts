import type { LoopEvent } from "@loops/core";

/** The event with a name and a time that are texts: other programs may send anything. */
export function plainEvent(event: LoopEvent): LoopEvent {
  const { event: name, ts } = event as Readonly<Record<string, unknown>>;
  if (typeof name === "string" && typeof ts === "string") return event;
  return { ...event, event: typeof name === "string" ? name : "?", ts: typeof ts === "string" ? ts : "" };
}
