import {
  type Cursor,
  compileFilter,
  createReporter,
  type EncodedEvent,
  type EventLog,
  type EventLogPage,
  type EventLogQuery,
  encodeEvent,
  errorMessage,
  type LoopEvent,
  LoopsError,
  type OnError,
  type TailItem,
  type TailOptions,
  warnOnError,
  withDefaults,
} from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import { Connection, type ConnectionOptions, isReplyError } from "./connection.js";
import { formatCursor, parseCursor } from "./log-cursor.js";
import { query } from "./log-query.js";
import { appendOne, type PageRange, type RawPage, readPage } from "./log-scripts.js";
import { tailLog } from "./log-tail.js";
import type { OwnClient } from "./redis-client.js";
import { requireOption, textOption } from "./require-option.js";
import { type Wire, wireText } from "./wire.js";

export interface RedisLogOptions extends ConnectionOptions {
  /** The key of the stream; of a transport with partitions, that of one of them. @default "maf:events" */
  readonly stream?: string | undefined;
  /** `append` trims the oldest entries above about so many; 0 or less keeps all. @default 100000 */
  readonly maxLen?: number | undefined;
  /** The form in which `append` writes. Both are read. @default "envelope" */
  readonly wire?: Wire | undefined;
  /** An answer takes at most so long; then the connection is cut. @default 5000 */
  readonly commandTimeoutMs?: number | undefined;
  /** Is told, at a bounded rate, why a tail cannot read; it tries again. @default a process warning */
  readonly onError?: OnError | undefined;
}

/** An event log in a Redis Stream. */
export interface RedisLog extends EventLog {
  /** @throws LoopsError (rejects) `LOOPS_REDIS_CONNECTION`, `LOOPS_REDIS_COMMAND`, `LOOPS_CLOSED`: nobody knows whether it was added */
  append(event: LoopEvent, encoded?: EncodedEvent): Promise<Cursor>;
  /** @throws LoopsError (rejects) as `append`; `LOOPS_FILTER` */
  query(query?: EventLogQuery): Promise<EventLogPage>;
  /**
   * Follows the log from `since`, or from now. Ends when the signal aborts, and when the log is closed. A gap counts
   * every event that is missing, whatever the filter. What cannot be read now is tried again.
   */
  tail(options?: TailOptions): AsyncIterableIterator<TailItem, undefined, undefined>;
  /** Ends every tail and what is under way, and releases the connections. */
  close(): void;
}

const name = "redis-stream";

const defaults = { maxLen: 100_000, commandTimeoutMs: 5000, connectTimeoutMs: 5000 };

/**
 * An event log in a Redis Stream, which any number of processes append to and read: through logs like this one, and
 * through `redisStreamTransport`.
 *
 * A cursor is good for the life of the stream: it survives trimming and restarts, and after the stream was deleted, or
 * the server emptied, it is recognised as one of another life. Gaps are counted from Redis 7 on. Entries that hold no
 * event are passed over.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function createRedisLog(options: RedisLogOptions = {}): RedisLog {
  checkKnownOptions(name, options, [...Object.keys(defaults), "url", "client", "stream", "wire", "onError"]);
  const positive = { ...options, ...(typeof options.maxLen === "number" && { maxLen: Math.max(0, options.maxLen) }) };
  const { maxLen, commandTimeoutMs: timeoutMs, ...given } = withDefaults(name, positive, defaults);
  const { wire = "envelope", url, client, connectTimeoutMs, onError = warnOnError } = given;
  requireOption(wire === "envelope" || wire === "flat", "wire", 'must be "envelope" or "flat"', wire);
  const where = { url, client, connectTimeoutMs };
  const connection = new Connection(name, where);
  const key = connection.keyPrefix + textOption("stream", given.stream, "maf:events");
  const closing = new AbortController();
  const reporter = createReporter(`${name} log`, onError);

  async function run<R>(what: string, work: (client: OwnClient) => Promise<R>): Promise<R> {
    try {
      return await connection.run(work, { timeoutMs });
    } catch (error) {
      if (!isReplyError(error)) throw error;
      const message = `[${name}] ${what} ${key}: ${errorMessage(error)}`;
      throw new LoopsError("LOOPS_REDIS_COMMAND", message, { cause: error });
    }
  }
  const read = (range: PageRange): Promise<RawPage> => run("reading", (client) => readPage(client, key, range));
  const placeOf = (since: Cursor | undefined) => (since === undefined ? undefined : (parseCursor(since) ?? null));

  return {
    async append(event, encoded = encodeEvent(event)) {
      const body = wireText(encoded.json, wire);
      const { epoch, id, state } = await run("appending to", (client) => appendOne(client, key, maxLen, body));
      return formatCursor({ epoch, id, n: state.added });
    },
    async query({ since, limit = -1, filter } = {}) {
      const bound = limit < 0 ? Number.POSITIVE_INFINITY : limit;
      return query(read, { since: placeOf(since), limit: bound, matches: compileFilter(filter) });
    },
    tail({ since, filter, signal } = {}) {
      return tailLog({
        key,
        since: placeOf(since),
        matches: compileFilter(filter),
        signals: signal === undefined ? [closing.signal] : [closing.signal, signal],
        read,
        blocking: () => new Connection(name, where),
        timeoutMs,
        report: reporter,
      });
    },
    close() {
      closing.abort();
      connection.close();
      reporter.end();
    },
  };
}
