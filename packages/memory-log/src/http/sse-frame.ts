import { type Cursor, LoopsError, type TailItem } from "@loops/core";

/** One message of a stream, as section 9.2 of the HTML standard has it. */
export interface SseFrame {
  /** What a page listens to; a message without one arrives at `onmessage`. */
  readonly event?: string;
  /** What EventSource sends back as `Last-Event-ID`. */
  readonly id?: Cursor;
  /** Milliseconds that EventSource waits before it connects again. */
  readonly retry?: number;
  /** Text of any number of lines. Without it a page hears nothing, but `id` and `retry` count. */
  readonly data?: string;
}

/** A comment: it keeps proxies from giving up on the connection, and no page hears it. */
export const heartbeatFrame = ":\n\n";

/** @throws LoopsError `LOOPS_CONFIG` for an id that would not come back as it was sent: it travels in a header */
export function sseFrame({ event, id, retry, data }: SseFrame): string {
  if (id !== undefined && !/^[\x21-\x7e]+$/.test(id)) {
    throw new LoopsError(
      "LOOPS_CONFIG",
      `[memory-log/http] the log's cursor ${JSON.stringify(id)} fits into no header`,
    );
  }
  let text = "";
  if (retry !== undefined) text += `retry: ${Math.floor(retry)}\n`;
  if (event !== undefined) text += `event: ${event}\n`;
  if (id !== undefined) text += `id: ${id}\n`;
  for (const line of data?.split(/\r\n|\r|\n/) ?? []) text += `data: ${line}\n`;
  return `${text}\n`;
}

/** An event without a name of its own, so that `onmessage` hears every one; a gap as `gap`. */
export function itemFrame(item: TailItem): string {
  if (item.type === "event") return sseFrame({ id: item.cursor, data: JSON.stringify(item.event) });
  return sseFrame({ event: "gap", id: item.cursor, data: JSON.stringify({ missed: item.missed }) });
}
