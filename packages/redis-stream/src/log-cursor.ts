import type { Cursor } from "@loops/core";
import type { Place } from "./stream-state.js";

/** A place in one life of a stream. */
export interface LogPlace extends Place {
  readonly epoch: string;
}

/** `<epoch>:<id>`, and where it is known behind another `-` which entry of that life it is. */
export function formatCursor({ epoch, id, n }: LogPlace): Cursor {
  return n === null ? `${epoch}:${id}` : `${epoch}:${id}-${n}`;
}

/** `undefined` for what no log of this kind has made. */
export function parseCursor(cursor: Cursor): LogPlace | undefined {
  const parts = typeof cursor === "string" ? /^([0-9a-f]+):(\d{1,20}-\d{1,20})(?:-(\d{1,15}))?$/.exec(cursor) : null;
  if (parts === null) return undefined;
  const [, epoch = "", id = "", n] = parts;
  return { epoch, id, n: n === undefined ? null : Number(n) };
}
