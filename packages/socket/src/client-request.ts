import { compileFilter, LoopsError } from "@loops/core";

/** What a client asks for. */
export interface ClientRequest {
  /** A cursor: everything after it. */
  readonly since: string | undefined;
  readonly filter: string | readonly string[] | undefined;
  readonly snapshot: boolean;
}

/** A request may have so many bytes, and a client may send no more than that at all. */
export const maxRequestBytes = 4096;

/** Patterns in one filter: what a test of a name costs is bounded by their number. */
const maxPatterns = 32;

/** @throws LoopsError `LOOPS_SOCKET_REQUEST` saying what is wrong, in words for the client */
export function parseRequest(text: string): ClientRequest {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw refusal('a request is one JSON object: {"request":{}}', cause);
  }
  const request = field(given, "request");
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    throw refusal('a request is {"request":{"since":…,"filter":…,"snapshot":…}}');
  }
  const { since, filter, snapshot, ...others } = request as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refusal(`a request has since, filter and snapshot, not ${unknown.slice(0, 40)}`);
  if (snapshot !== undefined && snapshot !== null && typeof snapshot !== "boolean") {
    throw refusal("snapshot is true or false");
  }
  return { since: checkSince(since), filter: checkFilter(filter), snapshot: snapshot !== false };
}

/**
 * The request in the query of a WebSocket's URL; `undefined` where it has none of its parameters.
 *
 * @throws LoopsError `LOOPS_SOCKET_REQUEST`
 */
export function requestOfQuery(query: URLSearchParams): ClientRequest | undefined {
  if (!["since", "event", "snapshot", "replay"].some((name) => query.has(name))) return undefined;
  const globs = query.getAll("event").filter((glob) => glob !== "");
  const snapshot = query.get("snapshot") ?? "1";
  if (!["0", "1", "true", "false"].includes(snapshot)) throw refusal("snapshot is 0 or 1");
  return {
    since: checkSince(query.get("since") || undefined),
    filter: checkFilter(globs.length > 0 ? globs : undefined),
    snapshot: snapshot === "1" || snapshot === "true",
  };
}

function checkSince(since: unknown): string | undefined {
  if (since === undefined || since === null) return undefined;
  if (typeof since === "string" && since !== "" && since.length <= 512) return since;
  throw refusal("since is a cursor: a text that was handed out as such");
}

function checkFilter(filter: unknown): string | readonly string[] | undefined {
  if (filter === undefined || filter === null) return undefined;
  const globs: unknown[] = Array.isArray(filter) ? filter : [filter];
  if (globs.length > maxPatterns) throw refusal(`a filter has at most ${maxPatterns} globs`);
  if (globs.some((glob) => typeof glob !== "string" || glob.length > 256)) {
    throw refusal('filter is a glob such as "state_*", or a list of globs, of at most 256 characters each');
  }
  const checked = filter as string | readonly string[];
  compileFilter(checked);
  return checked;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function refusal(what: string, cause?: unknown): LoopsError {
  return new LoopsError("LOOPS_SOCKET_REQUEST", what, cause === undefined ? undefined : { cause });
}
