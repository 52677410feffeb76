import type { Cursor } from "@loops/core";
import { prefersEventStream } from "./accept.js";

/** What a request asks for. */
export interface ActivityRequest {
  /** A stream of Server-Sent Events, or one JSON page. */
  readonly live: boolean;
  readonly since: Cursor | undefined;
  readonly limit: number;
  readonly filter: readonly string[] | undefined;
}

export interface ActivityLimits {
  readonly defaultLimit: number;
  readonly maxLimit: number;
}

/** The cost of a filter grows with the length of its globs, and they come from strangers. */
const maxFilterLength = 1024;

/**
 * Reads what is asked for from address and headers. A parameter that is empty counts as absent, and one that is not
 * known is nobody's business here: it may be a token, or be there to get around a cache.
 *
 * @returns a sentence where something is wrong with it
 */
export function parseActivityRequest({ url, headers }: Request, limits: ActivityLimits): ActivityRequest | string {
  const { searchParams } = new URL(url);
  const parameter = (name: string) => searchParams.getAll(name).filter((value) => value !== "");
  const stream = searchParams.get("stream");
  if (stream !== null && !/^(1|true)?$/.test(stream)) return `stream takes no value, not ${JSON.stringify(stream)}`;
  const live = stream !== null || prefersEventStream(headers.get("accept"));
  // A stream has no limit: what is said of it there has no meaning, so it cannot be wrong.
  for (const name of live ? ["since", "stream"] : ["since", "limit"]) {
    if (searchParams.getAll(name).length > 1) return `${name} may be given only once`;
  }
  const [limit] = live ? [] : parameter("limit");
  if (limit !== undefined && !/^\d{1,15}$/.test(limit))
    return `limit must be a whole number from 0, not ${JSON.stringify(limit)}`;
  const filter = parameter("event");
  if (filter.join("").length > maxFilterLength) return `event: more than ${maxFilterLength} characters of globs`;
  // EventSource says where it was with a header, and its address stays what it was when the page opened it.
  const [since] = [...(live ? [headers.get("last-event-id")] : []), ...parameter("since")].filter(Boolean);
  return {
    live,
    since: since ?? undefined,
    limit: Math.floor(Math.min(Number(limit ?? limits.defaultLimit), limits.maxLimit)),
    filter: filter.length > 0 ? filter : undefined,
  };
}
