import type { EventLogBackend } from "./backend.js";
import { LogStore } from "./log-store.js";
import { memoryLogEvent } from "./memory-log-event.js";
import { type MemoryLogOptions, resolveOptions } from "./options.js";
import type { RingEvictions } from "./ring.js";
import { payloadForm, payloadSnapshot } from "./snapshot.js";

/** What became of the events of a log: `appended = resident + evicted.* + cleared`. */
export interface MemoryLogStats {
  readonly appended: number;
  readonly resident: number;
  /** Memory of the kept text, as `maxBytes` counts it. */
  readonly bytes: number;
  /** Dropped because they were too old, too many, or together too large. */
  readonly evicted: RingEvictions;
  readonly cleared: number;
}

/** The latest events, in memory: a ring bounded by age, number and bytes. */
export interface MemoryLog extends EventLogBackend {
  /** Names this life of the log; part of every cursor. */
  readonly epoch: string;
  stats(): MemoryLogStats;
}

/**
 * A log that keeps the latest events in memory and evicts the oldest.
 *
 * Guarantee: events are kept in the order of `append`, each exactly once, until they are too old, too many or too
 * large; nothing survives the process. A reader that is too slow is told so (`gap`).
 *
 * @throws LoopsError `LOOPS_CONFIG` when a bound is not a number
 */
export function createMemoryLog(options?: MemoryLogOptions): MemoryLog {
  return viewLog(new LogStore(resolveOptions(options)));
}

/** A store seen as a {@link MemoryLog}. */
export function viewLog(store: LogStore): MemoryLog {
  return {
    epoch: store.epoch,
    append(kind, payload) {
      const entry = {
        kind,
        text: payloadSnapshot(kind, payload, store.maxBytes),
        form: payloadForm,
        timeMs: store.nowMs(),
      } as const;
      return memoryLogEvent(store.put(kind, entry.text, entry.form, entry.timeMs), entry);
    },
    query({ since, limit } = {}) {
      return store.page({ since, limit, read: (id) => memoryLogEvent(id, store.ring.entry(id)) });
    },
    clear() {
      store.ring.clear();
    },
    stats() {
      store.sweep();
      const { first, next, bytes, evicted, cleared } = store.ring;
      return { appended: next - 1, resident: next - first, bytes, evicted, cleared };
    },
  };
}
