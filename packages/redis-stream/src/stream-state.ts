import { beforeAll, compareIds, idBefore } from "./stream-id.js";

/** What a stream is at one moment. */
export interface StreamState {
  /** The id of its newest entry, be it there or not; `0-0` before the first. */
  readonly lastId: string;
  /** The id of the oldest entry that is there. */
  readonly firstId: string | null;
  /** How many entries were ever added; `null` before Redis 7. */
  readonly added: number | null;
  /** How many of these stand before the first that is there; `null` where that cannot be known. */
  readonly gone: number | null;
}

/** A stream that does not exist. */
export const noStream: StreamState = { lastId: beforeAll, firstId: null, added: 0, gone: 0 };

/** Reads the answer to `XINFO STREAM key`: names and values in turn, as texts or as bytes; anything else is no stream. */
export function streamState(reply: unknown): StreamState {
  if (!Array.isArray(reply)) return noStream;
  const found = new Map<string, unknown>();
  for (let i = 0; i < reply.length; i += 2) found.set(String(reply[i]), reply[i + 1]);
  const first = found.get("first-entry");
  const number = (name: string) => (found.has(name) ? Number(found.get(name)) : null);
  const [added, length] = [number("entries-added"), number("length") ?? 0];
  // After an XDEL nobody knows which of those that are gone stood where.
  const whole = String(found.get("max-deleted-entry-id") ?? beforeAll) === beforeAll;
  return {
    lastId: String(found.get("last-generated-id") ?? beforeAll),
    firstId: Array.isArray(first) ? String(first[0]) : null,
    added,
    gone: added !== null && whole ? added - length : null,
  };
}

/** Where a reader stands: behind the entry `id`, which was the `n`th that was added, or `null` where it cannot say. */
export interface Place {
  readonly id: string;
  readonly n: number | null;
}

/** What lies between a place and the first entry that is there. */
export interface Gap {
  /** How many, `null` where nobody can know. */
  readonly missed: number | null;
  /** From here a reader goes on without being told again. */
  readonly place: Place;
}

/**
 * The gap between a place and what is left of the stream behind it, if there is one.
 *
 * Where that cannot be told (an old server, a place of which nobody knows the number) a place that is gone counts as one
 * with a gap behind it: rather a gap of unknown size too many than events that are missing in silence.
 */
export function gapBehind({ id, n }: Place, { lastId, firstId, added, gone }: StreamState): Gap | undefined {
  // The server has lost its newest entries, as one that was killed may: the reader has had all that is left.
  if (compareIds(id, lastId) > 0) return { missed: null, place: { id: lastId, n: added } };
  const place = firstId === null ? { id: lastId, n: added } : { id: idBefore(firstId), n: gone };
  if (compareIds(id, place.id) >= 0) return undefined;
  if (n === null || gone === null) return { missed: null, place };
  return gone > n ? { missed: gone - n, place } : undefined;
}
