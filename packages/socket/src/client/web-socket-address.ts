import { requestText, type SocketRequest } from "./connection.js";
import { wrong } from "./follow-options.js";

/** An address as a WebSocket takes it; a relative one is taken from the page's own. @throws LoopsError `LOOPS_CONFIG` */
export function webSocketUrl(given: string | URL): URL {
  let url: URL;
  try {
    url = new URL(given, (globalThis as { location?: { href: string } }).location?.href);
  } catch {
    throw wrong('url must be an address such as "ws://127.0.0.1:7070/events"', given);
  }
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw wrong("url must begin with ws:// or wss://", given);
  // A WebSocket refuses an address with one.
  url.hash = "";
  return url;
}

/** A longer query may be refused on the way. */
const maxQueryUnits = 2000;

/**
 * Where to connect so that the server knows the request before it says anything, and with it sends nothing twice. What an
 * address cannot say, an empty filter or a long one, is to be sent as the first `message`.
 */
export function requestAddress(
  url: string,
  request: SocketRequest,
): { readonly href: string; readonly message?: string } {
  const { since, filter, snapshot } = request;
  const target = new URL(url);
  const query = target.searchParams;
  for (const name of ["since", "event", "snapshot", "replay"]) query.delete(name);
  const bare = target.href;
  const globs = typeof filter === "string" ? [filter] : filter;
  query.set("replay", "1");
  query.set("snapshot", snapshot ? "1" : "0");
  if (since !== undefined) query.set("since", since);
  for (const glob of globs ?? []) query.append("event", glob);
  const canBeSaid = since !== "" && globs?.length !== 0 && globs?.includes("") !== true;
  if (canBeSaid && target.search.length <= maxQueryUnits) return { href: target.href };
  return { href: bare, message: requestText(request) };
}

/** A token that can stand in a header and in the name of a subprotocol. @throws LoopsError `LOOPS_CONFIG` */
export function checkToken(token: unknown): string | undefined {
  if (token === undefined) return undefined;
  if (typeof token === "string" && /^[\w.~+-]+$/.test(token)) return token;
  throw wrong("token must be letters, digits and -._~+", typeof token === "string" ? "what was given" : typeof token);
}
