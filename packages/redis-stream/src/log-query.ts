import type { EventLogPage, LogEntry } from "@loops/core";
import type { RawEntry } from "./entry.js";
import { entryEvent } from "./entry.js";
import { formatCursor, type LogPlace } from "./log-cursor.js";
import type { PageRange, RawPage } from "./log-scripts.js";
import { beforeAll, compareIds, idBefore } from "./stream-id.js";
import { gapBehind, type StreamState } from "./stream-state.js";

/** Reads a page of the stream at one moment. */
export type Reading = (range: PageRange) => Promise<RawPage>;

/** Where a reader goes on in the stream as it is now, and what it has missed. */
export interface Located {
  readonly place: LogPlace;
  /** `undefined` if nothing; `null` is a number that nobody knows. */
  readonly missed?: number | null | undefined;
}

/**
 * Finds a reader's place in the present life of the stream.
 *
 * @param since `undefined` is right before the oldest entry, `null` a place of a log that is not this one
 */
export function locate(since: LogPlace | null | undefined, { epoch, state }: RawPage): Located {
  if (since === undefined) return { place: { epoch, ...start(state) } };
  if (since === null || since.epoch !== epoch) return { place: { epoch, ...start(state) }, missed: null };
  const gap = gapBehind(since, state);
  return gap === undefined ? { place: since } : { place: { epoch, ...gap.place }, missed: gap.missed };
}

/** Right before the oldest entry, so that there is no gap behind it; in an empty stream its end. */
function start({ firstId, lastId, gone, added }: StreamState): { id: string; n: number | null } {
  return firstId === null ? { id: lastId, n: added } : { id: idBefore(firstId), n: gone };
}

/** The place behind an entry that follows `place`. */
export function placeBehind(place: LogPlace, entry: RawEntry): LogPlace {
  return { epoch: place.epoch, id: String(entry[0]), n: place.n === null ? null : place.n + 1 };
}

export interface QueryRequest {
  readonly since: LogPlace | null | undefined;
  /** No bound is `Infinity`. */
  readonly limit: number;
  readonly matches: (name: string) => boolean;
}

const pageItems = 500;

/** Answers a query by as many readings as it takes. What comes after the first of them is not looked at. */
export async function query(read: Reading, { since, limit, matches }: QueryRequest): Promise<EventLogPage> {
  const count = (have: number) => Math.max(1, Math.min(pageItems, limit - have));
  let page = await read({ after: since?.id ?? beforeAll, upTo: "+", count: count(0) });
  const { state } = page;
  const { place: from, missed } = locate(since, page);
  // A place of another life was no place to read from.
  if (since && since.epoch !== page.epoch) page = await read({ after: from.id, upTo: "+", count: count(0) });
  const newest = { epoch: from.epoch, id: state.lastId, n: state.added };
  const events: LogEntry[] = [];
  let gap = missed !== undefined;
  let place = from;
  while (events.length < limit) {
    for (const entry of page.entries) {
      if (events.length >= limit || compareIds(String(entry[0]), newest.id) > 0) break;
      place = placeBehind(place, entry);
      const event = entryEvent(entry[1]);
      if (event !== undefined && matches(event.event)) events.push({ cursor: formatCursor(place), event });
    }
    if (events.length >= limit || page.entries.length === 0 || compareIds(place.id, newest.id) >= 0) break;
    page = await read({ after: place.id, upTo: newest.id, count: count(events.length) });
    const overtaken = locate(place, page);
    gap ||= overtaken.missed !== undefined;
    if (page.epoch !== from.epoch) break;
    place = overtaken.place;
  }
  const { firstId, gone } = state;
  return {
    events,
    gap,
    oldest:
      firstId === null ? null : formatCursor({ epoch: from.epoch, id: firstId, n: gone === null ? null : gone + 1 }),
    newest: formatCursor(newest),
    next: formatCursor(place),
  };
}
