import {
  type Cursor,
  compileFilter,
  type EncodedEvent,
  type EventLog,
  type EventLogPage,
  type EventLogQuery,
  type LoopEvent,
  LoopsError,
  type TailItem,
  type TailOptions,
  type Transport,
  type TransportStats,
} from "@loops/core";
import { LogStore } from "./log-store.js";
import { type MemoryLog, viewLog } from "./memory-log.js";
import { type MemoryLogOptions, resolveOptions } from "./options.js";
import { entryEvent, eventForm, eventSnapshot } from "./snapshot.js";
import { Tail } from "./tail.js";

/** Options of {@link memoryLogTransport}: those of the log. */
export interface MemoryLogTransportOptions extends MemoryLogOptions {}

/** The accounts of the transport, and how many entries the log has evicted of what was delivered. */
export interface MemoryLogTransportStats extends TransportStats {
  /** Entries that have made room; `log.stats()` says for which bound. No loss: the bounds are what was asked for. */
  readonly evicted: number;
}

/** A transport that keeps the latest events in memory, and the log that reads them back. */
export interface MemoryLogTransport extends Transport, EventLog {
  readonly name: string;
  /** The same entries as records with ids: `kind` is the event's name, `payload` all the rest. */
  readonly log: MemoryLog;
  send(event: LoopEvent, encoded: EncodedEvent): void;
  /** @throws LoopsError `LOOPS_CLOSED` after `close`; the event is counted as dropped */
  append(event: LoopEvent, encoded?: EncodedEvent): Cursor;
  query(query?: EventLogQuery): EventLogPage;
  /**
   * Follows the log from `since`, or from now. Ends when the signal aborts, and when the transport is closed and all is
   * read. A gap counts every event that is missing, whatever the filter.
   */
  tail(options?: TailOptions): AsyncIterableIterator<TailItem, undefined, undefined>;
  /** Counts later events as dropped and ends every tail. What is kept can still be read. */
  close(): void;
  stats(): MemoryLogTransportStats;
}

const name = "memory-log";

/**
 * Keeps the latest events in memory and answers what came after a cursor.
 *
 * Guarantee: order of emission; each event exactly once; delivered means in memory when `send` returns, lost with the
 * process. On overload the oldest are evicted, and a reader that missed some is told so.
 *
 * @throws LoopsError `LOOPS_CONFIG` when a bound is not a number
 */
export function memoryLogTransport(options?: MemoryLogTransportOptions): MemoryLogTransport {
  const store = new LogStore(resolveOptions(options));
  const log = viewLog(store);
  let delivered = 0;
  let droppedClosed = 0;
  let closed = false;

  /** The id of the event, or `undefined` when it came too late. */
  function put(event: LoopEvent, encoded: EncodedEvent | undefined): number | undefined {
    if (closed) {
      droppedClosed++;
      return undefined;
    }
    const text = eventSnapshot(event, encoded, store.maxBytes);
    const id = store.put(event.event, text, eventForm, store.nowMs());
    delivered++;
    return id;
  }

  return {
    name,
    log,
    send(event, encoded) {
      put(event, encoded);
    },
    append(event, encoded) {
      const id = put(event, encoded);
      if (id !== undefined) return store.cursor(id);
      throw new LoopsError("LOOPS_CLOSED", `[${name}] append after close: the event is dropped; append before close`);
    },
    query({ since, limit, filter } = {}) {
      const read = (id: number) => {
        const cursor = store.cursor(id);
        return { cursor, event: entryEvent(id, store.ring.entry(id), cursor) };
      };
      return store.page({ since, limit, matches: filter === undefined ? undefined : compileFilter(filter), read });
    },
    tail({ since, filter, signal } = {}) {
      return new Tail({ store, closed: () => closed }, { since, matches: compileFilter(filter), signal });
    },
    close() {
      closed = true;
      store.wake();
    },
    stats() {
      store.sweep();
      const { age, entries, bytes } = store.ring.evicted;
      return {
        received: delivered + droppedClosed,
        delivered,
        dropped: droppedClosed > 0 ? { closed: droppedClosed } : {},
        queued: 0,
        inFlight: 0,
        spooled: 0,
        evicted: age + entries + bytes,
      };
    },
  };
}

/** Whether a transport is one of {@link memoryLogTransport}, so that a program which wired it by name finds its log. */
export function isMemoryLogTransport(transport: Transport): transport is MemoryLogTransport {
  const candidate = transport as Partial<MemoryLogTransport>;
  return candidate.name === name && typeof candidate.log?.query === "function" && typeof candidate.tail === "function";
}
