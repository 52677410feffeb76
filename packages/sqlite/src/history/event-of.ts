import type { LoopEvent } from "@loops/core";

/** The event of a row, exactly as it was emitted. */
export function eventOf({ json, raw }: { readonly json: unknown; readonly raw?: string | null }): LoopEvent {
  if (typeof raw === "string") return JSON.parse(raw);
  return (typeof json === "string" ? JSON.parse(json) : json) as LoopEvent;
}
