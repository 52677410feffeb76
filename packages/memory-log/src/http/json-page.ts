import type { EventLogPage } from "@loops/core";
import { concatBytes } from "./concat-bytes.js";

const encoder = new TextEncoder();

/**
 * A page as JSON. Where its events are more than `maxBytes`, it ends earlier, and `next` with it; it holds at least one,
 * so that a reader gets on.
 */
export function encodePage(page: EventLogPage, maxBytes: number): Uint8Array<ArrayBuffer> {
  const { events, gap, oldest, newest, next } = page;
  const chunks: Uint8Array[] = [];
  let place = next;
  let bytes = 0;
  for (const [index, entry] of events.entries()) {
    const chunk = encoder.encode(`${index === 0 ? "" : ","}${JSON.stringify(entry)}`);
    bytes += chunk.length;
    if (bytes > maxBytes && index > 0) {
      place = events[index - 1]?.cursor ?? next;
      break;
    }
    chunks.push(chunk);
  }
  const rest = JSON.stringify({ gap, oldest, newest, next: place }).slice(1);
  return concatBytes([encoder.encode('{"events":['), ...chunks, encoder.encode(`],${rest}`)]);
}
