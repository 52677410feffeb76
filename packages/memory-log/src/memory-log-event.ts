/** An event of a memory log as plain data. */
export interface MemoryLogRecord {
  /** From 1, without holes, never used again. */
  readonly id: number;
  /** When it was appended: seconds since 1970, with a fraction. */
  readonly timestamp: number;
  /** A short tag, by custom dotted snake_case: `turn.started`. */
  readonly kind: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** An event of a memory log: frozen, and its payload is a copy that belongs to whoever holds the event. */
export interface MemoryLogEvent extends MemoryLogRecord {
  /** The four fields as a new plain object; nothing in it is shared. */
  toJSON(): MemoryLogRecord;
}

/** @param payload makes a new copy at each call; called when the payload is first looked at */
export function memoryLogEvent(
  id: number,
  timestamp: number,
  kind: string,
  payload: () => Readonly<Record<string, unknown>>,
): MemoryLogEvent {
  return new LazyEvent(id, timestamp, kind, payload) as LazyEvent & MemoryLogEvent;
}

/** Its payload is read when somebody looks: a caller that ignores what `append` returns pays nothing for it. */
class LazyEvent {
  /** An own property, so that spreading, comparing and cloning see it; one for all events, so that making it is cheap. */
  static readonly #payloadProperty: PropertyDescriptor & ThisType<LazyEvent> = {
    enumerable: true,
    get() {
      this.#payload ??= this.#read();
      return this.#payload;
    },
  };

  readonly id: number;
  readonly timestamp: number;
  readonly kind: string;
  readonly #read: () => Readonly<Record<string, unknown>>;
  #payload: Readonly<Record<string, unknown>> | undefined;

  constructor(id: number, timestamp: number, kind: string, read: () => Readonly<Record<string, unknown>>) {
    this.id = id;
    this.timestamp = timestamp;
    this.kind = kind;
    Object.defineProperty(this, "payload", LazyEvent.#payloadProperty);
    this.#read = read;
    Object.freeze(this);
  }

  toJSON(): MemoryLogRecord {
    // Read anew: what the holder did to its own copy is not what was logged.
    return { id: this.id, timestamp: this.timestamp, kind: this.kind, payload: this.#read() };
  }
}
