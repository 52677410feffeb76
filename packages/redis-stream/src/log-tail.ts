import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs, startDeadline, type TailItem } from "@loops/core";
import type { Connection } from "./connection.js";
import { entryEvent } from "./entry.js";
import { formatCursor, type LogPlace } from "./log-cursor.js";
import { locate, placeBehind } from "./log-query.js";
import type { PageRange, RawPage } from "./log-scripts.js";
import { beforeAll } from "./stream-id.js";

export interface TailRequest {
  readonly key: string;
  /** `undefined` is the end of the stream, `null` a place of a log that is not this one. */
  readonly since: LogPlace | null | undefined;
  readonly matches: (name: string) => boolean;
  /** Any of them ends it. */
  readonly signals: readonly AbortSignal[];
  readonly read: (range: PageRange) => Promise<RawPage>;
  /** Makes a connection for the wait, which blocks it. */
  readonly blocking: () => Connection;
  readonly timeoutMs: number;
  readonly report: (error: unknown) => void;
}

const blockMs = 5000;
const pageItems = 200;
const retry = { maxRetries: Number.POSITIVE_INFINITY, baseMs: 100, maxMs: 5000 };

/** Follows a log. Holds a place and the page it is at, never a queue: what is trimmed before it is read becomes a gap. */
export function tailLog(request: TailRequest): AsyncIterableIterator<TailItem, undefined, undefined> {
  const stop = new AbortController();
  const waiting = request.blocking();
  const onAbort = () => {
    stop.abort();
    waiting.close();
  };
  const { signals, since, read } = request;
  if (signals.some(({ aborted }) => aborted)) stop.abort();
  // Now, and not with the first `next`: "from now on" begins with the call. Who asks for the end asks for no entries.
  const end = since === undefined && !stop.signal.aborted ? read(headOnly) : undefined;
  end?.catch(() => {});

  async function* items(): AsyncGenerator<TailItem, undefined, undefined> {
    for (const signal of signals) signal.addEventListener("abort", onAbort, { once: true });
    try {
      yield* follow(request, waiting, end, stop.signal);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
      onAbort();
    }
  }

  const iterator = items();
  return {
    next: () => iterator.next(),
    return() {
      // Or it would wait for the `next` that waits.
      onAbort();
      return iterator.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The connection belongs to the log: whoever leaves lets it finish. */
async function unlessAborted<R>(work: Promise<R>, signal: AbortSignal): Promise<R> {
  if (await startDeadline({ signal }, Number.POSITIVE_INFINITY).wait(work)) return work;
  work.catch(() => {});
  throw signal.reason;
}

const headOnly: PageRange = { after: beforeAll, upTo: "0-1", count: 1 };

async function* follow(
  { key, since, matches, read, timeoutMs, report, signals }: TailRequest,
  waiting: Connection,
  end: Promise<RawPage> | undefined,
  signal: AbortSignal,
): AsyncGenerator<TailItem, undefined, undefined> {
  const ended = () => signal.aborted || signals.some(({ aborted }) => aborted);
  let failures = 0;
  /** Goes on trying: a log that cannot be read now is no end. */
  const persist = async <R>(attempt: () => Promise<R>): Promise<R> => {
    for (;;) {
      signal.throwIfAborted();
      try {
        const result = await attempt();
        failures = 0;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        report(error);
        await sleep(backoffMs(++failures, retry), undefined, { signal });
      }
    }
  };

  let place = since;
  if (place === undefined) {
    let asked = end;
    const { epoch, state } = await persist(() => {
      const head = asked ?? read(headOnly);
      asked = undefined;
      return unlessAborted(head, signal);
    });
    place = { epoch, id: state.lastId, n: state.added };
  }
  while (!ended()) {
    const range: PageRange = { after: place?.id ?? beforeAll, upTo: "+", count: pageItems };
    const page: RawPage = await persist(() => unlessAborted(read(range), signal));
    const { place: here, missed } = locate(place, page);
    place = here;
    if (missed !== undefined) {
      yield { type: "gap", missed, cursor: formatCursor(here) };
      // What was read from the other place is of no use.
      continue;
    }
    for (const entry of page.entries) {
      if (ended()) return;
      place = placeBehind(place, entry);
      const event = entryEvent(entry[1]);
      if (event !== undefined && matches(event.event)) yield { type: "event", cursor: formatCursor(place), event };
    }
    const { id } = place;
    if (page.entries.length > 0) continue;
    if (place.id === page.state.lastId) place = { ...place, n: page.state.added };
    const wait = { timeoutMs: blockMs + timeoutMs, signal };
    await persist(() => waiting.run((client) => client.xread("COUNT", 1, "BLOCK", blockMs, "STREAMS", key, id), wait));
  }
}
