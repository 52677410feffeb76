import { type Cursor, compileFilter, LoopsError, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";

/** What every feed takes. */
export interface FollowOptions {
  /** Events after this place, which a feed before this one had reached. @default what comes from now on */
  readonly since?: Cursor | undefined;
  /** Glob or globs on `event`; the server sends no others. @default all */
  readonly filter?: string | readonly string[] | undefined;
  /** Begin each connection with where every run stands. @default true */
  readonly snapshot?: boolean | undefined;
  /** Ends the feed. */
  readonly signal?: AbortSignal | undefined;
  /** Items that wait to be read; when there are more, reading from the server stops until half are read. @default 10000 */
  readonly maxQueueItems?: number | undefined;
  /** A server that has not answered by then is given up, in ms. @default 10000 */
  readonly connectTimeoutMs?: number | undefined;
  /** A connection that was silent for so long is given up, in ms. @default two and a half times the server's heartbeat */
  readonly heartbeatTimeoutMs?: number | undefined;
  /** Pauses between attempts: exponential backoff with full jitter. */
  readonly retry?: FollowRetryOptions | undefined;
}

export interface FollowRetryOptions {
  /** Attempts that may fail one after another; then the feed ends with an error. @default Infinity */
  readonly maxRetries?: number | undefined;
  /** Upper bound of the first pause, doubled with each further one, in ms. @default 200 */
  readonly baseMs?: number | undefined;
  /** Upper bound of every pause, in ms. @default 5000 */
  readonly maxMs?: number | undefined;
}

/** The options with their defaults. */
export interface ResolvedFollowOptions {
  readonly since: Cursor | undefined;
  readonly filter: string | readonly string[] | undefined;
  readonly snapshot: boolean;
  readonly signal: AbortSignal | undefined;
  readonly maxQueueItems: number;
  readonly connectTimeoutMs: number;
  readonly heartbeatTimeoutMs: number | undefined;
  readonly retry: { readonly maxRetries: number; readonly baseMs: number; readonly maxMs: number };
}

const name = "socket/client";
const common = [
  "since",
  "filter",
  "snapshot",
  "signal",
  "maxQueueItems",
  "connectTimeoutMs",
  "heartbeatTimeoutMs",
  "retry",
];

/**
 * @param own names of further options that the caller has looked at itself
 * @throws LoopsError `LOOPS_CONFIG`, and `LOOPS_FILTER`
 */
export function resolveFollowOptions(given: FollowOptions, own: readonly string[]): ResolvedFollowOptions {
  checkKnownOptions(name, given, [...own, ...common]);
  const { since, filter, snapshot = true, signal, heartbeatTimeoutMs, retry } = given;
  if (since !== undefined && typeof since !== "string") throw wrong("since must be a cursor", since);
  if (typeof snapshot !== "boolean") throw wrong("snapshot must be true or false", snapshot);
  if (heartbeatTimeoutMs !== undefined && !(heartbeatTimeoutMs > 0)) {
    throw wrong("heartbeatTimeoutMs must be a number above 0", heartbeatTimeoutMs);
  }
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw wrong("signal must be an AbortSignal", signal);
  }
  compileFilter(filter);
  const { maxQueueItems, connectTimeoutMs } = withDefaults(name, given, {
    maxQueueItems: 10_000,
    connectTimeoutMs: 10_000,
  });
  if (retry !== undefined) checkKnownOptions(`${name} retry`, retry, ["maxRetries", "baseMs", "maxMs"]);
  const retryDefaults = { maxRetries: Number.POSITIVE_INFINITY, baseMs: 200, maxMs: 5000 };
  return {
    ...{ since, filter, snapshot, signal, heartbeatTimeoutMs, connectTimeoutMs },
    maxQueueItems: Math.max(1, maxQueueItems),
    retry: withDefaults(`${name} retry`, retry ?? {}, retryDefaults),
  };
}

/** @internal */
export function wrong(what: string, given: unknown): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[${name}] ${what}, not ${JSON.stringify(given) ?? String(given)}`);
}
