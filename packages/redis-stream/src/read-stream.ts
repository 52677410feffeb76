import { setMaxListeners } from "node:events";
import { createReporter, type OnError, type RetryOptions, warnOnError, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import { type ConnectionOptions, resolveSource } from "./connection.js";
import { type EntryRecord, entryRecord, type RawEntry, type TextEntry } from "./entry.js";
import { streamKeys } from "./partition.js";
import { type Arrival, PartitionReader } from "./partition-reader.js";
import { keyPrefixOf } from "./redis-client.js";
import { isPartitionCount, requireOption, requireSignal, textOption } from "./require-option.js";
import { isStreamId } from "./stream-id.js";

export interface ReadStreamOptions extends ConnectionOptions {
  /** The key of the stream. @default "maf:events" */
  readonly stream?: string | undefined;
  /** As many as its writers have: all are read. @default 1 */
  readonly partitions?: number | undefined;
  /**
   * Entries behind this id. `0` is the oldest, `$` only what comes from now on: the end of the stream is looked up once,
   * with the first `next`. With several partitions an id for each key, as `lastIds` of an earlier reader has them.
   * @default "$"
   */
  readonly lastId?: string | Readonly<Record<string, string>> | undefined;
  /** The server answers a read that finds nothing after so long. @default 5000 */
  readonly blockMs?: number | undefined;
  /** Entries of one read at most. @default 50 */
  readonly count?: number | undefined;
  /** An answer may be late by so much; then the connection is cut and made anew. @default 5000 */
  readonly commandTimeoutMs?: number | undefined;
  /** Pauses after failures: uniform below a bound that doubles from `baseMs` to `maxMs`. It never gives up. @default 1000 and 30000 */
  readonly retry?: Pick<RetryOptions, "baseMs" | "maxMs"> | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /** Is told, at a bounded rate, why reading failed. @default a process warning */
  readonly onError?: OnError | undefined;
}

/** Entries that were trimmed before they could be read. */
export interface StreamGap {
  /** The key of the stream, or of the partition. */
  readonly stream: string;
  /** The oldest entry that is left has a greater id; reading on from here tells of no gap. */
  readonly stream_id: string;
  readonly gap: {
    /** How many are missing, `null` where nobody can know. */
    readonly missed: number | null;
  };
  readonly event?: undefined;
  readonly error?: undefined;
}

/** What a reader hands over. `event` is there in events only, `gap` in gaps, and what else there is has `error`. */
export type StreamRecord = EntryRecord | StreamGap;

/** Reads a stream. Ends by its signal, by `return`, and by leaving the loop. */
export interface StreamReader extends AsyncIterableIterator<StreamRecord, undefined, undefined> {
  /** The id of the entry that was handed over last, of the first partition; until then where it began. */
  readonly lastId: string;
  /** The same for each key. Hand it back as `lastId` to go on. */
  readonly lastIds: Readonly<Record<string, string>>;
  return(): Promise<IteratorResult<StreamRecord, undefined>>;
}

const name = "redis-stream";

const defaults = { blockMs: 5000, count: 50, partitions: 1, commandTimeoutMs: 5000, connectTimeoutMs: 5000 };
const retryDefaults = { baseMs: 1000, maxMs: 30_000 };
const known = [...Object.keys(defaults), "url", "client", "stream", "lastId", "retry", "signal", "onError"];

/**
 * Reads events from a Redis Stream, for ever.
 *
 * Guarantee: in the order of the stream, of each partition by itself; each entry once. The place is advanced before an
 * entry is handed over, so that a reader which goes on from `lastId` of one that died reads each at most once; for at
 * least once there are consumer groups. A connection that broke or hangs is made anew, and reading goes on behind
 * `lastId`. What was trimmed meanwhile is told as a gap. What cannot be read is told as an error, and ends nothing.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function readStream(options: ReadStreamOptions = {}): StreamReader {
  checkKnownOptions(name, options, known);
  const { blockMs, count, partitions, commandTimeoutMs, ...given } = withDefaults(name, options, defaults);
  requireOption(isPartitionCount(partitions), "partitions", "must be a whole number from 1 to 1024", partitions);
  requireOption(Number.isInteger(count) && count > 0, "count", "must be a whole number from 1", count);
  const prefix = keyPrefixOf(resolveSource(name, given));
  const keys = streamKeys(prefix + textOption("stream", given.stream, "maf:events"), partitions);
  requireOption(Number.isFinite(blockMs), "blockMs", "must be finite", blockMs);
  requireSignal(given.signal);
  const lastIds = startIds(keys, given.lastId ?? "$");
  const retry = { maxRetries: Number.POSITIVE_INFINITY, ...withDefaults(name, given.retry ?? {}, retryDefaults) };
  const { url, client, connectTimeoutMs } = given;
  const stop = new AbortController();
  // Each partition listens.
  setMaxListeners(0, stop.signal);
  const reporter = createReporter(`${name} reader`, given.onError ?? warnOnError);
  const readers = keys.map((key) => ({
    key,
    reader: new PartitionReader({
      connection: { url, client, connectTimeoutMs },
      key,
      lastId: lastIds[key] as string,
      // Whole: the server takes no fractions, and 0 would be for ever.
      blockMs: Math.max(1, Math.round(blockMs)),
      count,
      commandTimeoutMs,
      retry,
      signal: stop.signal,
      report: reporter,
      onStart: (id) => {
        lastIds[key] = id;
      },
    }),
  }));

  const source = arrivals(readers);
  const onAbort = () => end();
  let key = "";
  let entries: readonly (RawEntry | TextEntry)[] = [];
  let at = 0;

  /** The next record of what has arrived. */
  const take = (): StreamRecord | undefined => {
    const entry = entries[at];
    if (entry === undefined || stop.signal.aborted || given.signal?.aborted) return undefined;
    at++;
    const record = entryRecord(entry);
    lastIds[key] = record.stream_id;
    return record;
  };

  async function pull(): Promise<IteratorResult<StreamRecord, undefined>> {
    if (given.signal?.aborted) stop.abort();
    // From the first record on until the end, because what is read ahead is to end with it, too.
    given.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      while (!stop.signal.aborted) {
        const record = take();
        if (record !== undefined) return { done: false, value: record };
        const { value } = await source.next();
        if (value === undefined) break;
        const { gap } = value.arrival;
        key = value.key;
        entries = value.arrival.entries;
        at = 0;
        if (gap === undefined) continue;
        lastIds[key] = gap.place.id;
        return { done: false, value: { stream: key, stream_id: gap.place.id, gap: { missed: gap.missed } } };
      }
    } catch (error) {
      if (!stop.signal.aborted) {
        end();
        throw error;
      }
    }
    end();
    return { done: true, value: undefined };
  }

  function end(): void {
    given.signal?.removeEventListener("abort", onAbort);
    stop.abort();
    for (const { reader } of readers) reader.close();
    reporter.end();
  }

  /** The `next`s that wait, one behind the other. */
  let waiting: Promise<IteratorResult<StreamRecord, undefined>> | undefined;

  return {
    get lastId() {
      return lastIds[keys[0] as string] as string;
    },
    get lastIds() {
      return { ...lastIds };
    },
    next() {
      const record = waiting === undefined ? take() : undefined;
      if (record !== undefined) return Promise.resolve({ done: false, value: record });
      const next = waiting === undefined ? pull() : waiting.then(pull, pull);
      waiting = next;
      const done = () => {
        if (waiting === next) waiting = undefined;
      };
      next.then(done, done);
      return next;
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

interface KeyedReader {
  readonly key: string;
  readonly reader: PartitionReader;
}

/** What the partitions bring, as it comes. None begins to wait while nobody asks: that would keep the process alive. */
async function* arrivals(readers: readonly KeyedReader[]): AsyncGenerator<{ key: string; arrival: Arrival }> {
  const idle = new Set(readers);
  let isAsked = true;
  const arrived: { source: KeyedReader; arrival: Arrival }[] = [];
  let failure: { error: unknown } | undefined;
  let wake = () => {};
  const pull = async (source: KeyedReader) => {
    try {
      let arrival: Arrival | undefined;
      do arrival = await source.reader.next();
      while (arrival === undefined && isAsked);
      if (arrival === undefined) idle.add(source);
      else arrived.push({ source, arrival });
    } catch (error) {
      failure = { error };
    }
    wake();
  };
  for (;;) {
    for (const source of idle) void pull(source);
    idle.clear();
    if (arrived.length === 0 && failure === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (failure !== undefined) throw failure.error;
    const next = arrived.shift();
    if (next === undefined) continue;
    const { source, arrival } = next;
    idle.add(source);
    source.reader.readAhead();
    isAsked = false;
    yield { key: source.key, arrival };
    isAsked = true;
  }
}

function startIds(keys: readonly string[], given: string | Readonly<Record<string, string>>): Record<string, string> {
  const idOf = (key: string) => (typeof given === "string" ? given : given[key]);
  for (const key of typeof given === "string" ? [] : Object.keys(given)) {
    requireOption(keys.includes(key), "lastId", `must have an id for each of ${keys.join(", ")}`, key);
  }
  return Object.fromEntries(
    keys.map((key) => {
      const id = idOf(key);
      requireOption(id === "$" || isStreamId(id), "lastId", 'must be "$", "0" or an id such as "1700000000000-0"', id);
      return [key, id as string];
    }),
  );
}
