import type { MemoryLogRecord } from "./memory-log-record.js";
import type { RingEntry } from "./ring.js";
import { entryPayload } from "./snapshot.js";

/** An event of a memory log: frozen, and its payload is a copy that belongs to whoever holds the event. */
export interface MemoryLogEvent extends MemoryLogRecord {
  /** The four fields as a new plain object; nothing in it is shared. */
  toJSON(): MemoryLogRecord;
}

/** What `append` and `query` of a memory log return for an entry. */
export function memoryLogEvent(id: number, entry: RingEntry): MemoryLogEvent {
  return new LazyEvent(id, entry) as LazyEvent & MemoryLogEvent;
}

/** Its payload is read when somebody looks: a caller that ignores what `append` returns pays nothing for it. */
class LazyEvent {
  /** An own property, so that spreading, comparing and cloning see it; one for all events, so that making it is cheap. */
  static readonly #payloadProperty: PropertyDescriptor & ThisType<LazyEvent> = {
    enumerable: true,
    get() {
      this.#payload ??= entryPayload(this.#entry);
      return this.#payload;
    },
  };

  readonly id: number;
  readonly timestamp: number;
  readonly kind: string;
  readonly #entry: RingEntry;
  #payload: MemoryLogRecord["payload"] | undefined;

  constructor(id: number, entry: RingEntry) {
    this.id = id;
    this.timestamp = entry.timeMs / 1000;
    this.kind = entry.kind;
    Object.defineProperty(this, "payload", LazyEvent.#payloadProperty);
    this.#entry = entry;
    Object.freeze(this);
  }

  toJSON(): MemoryLogRecord {
    // Read anew: what the holder did to its own copy is not what was logged.
    return { id: this.id, timestamp: this.timestamp, kind: this.kind, payload: entryPayload(this.#entry) };
  }
}
