/** The bounds of a {@link Ring}; each is at least 1, `Infinity` is no bound. */
export interface RingBounds {
  /** An entry older than this goes; one exactly as old stays. */
  readonly ttlMs: number;
  readonly maxEntries: number;
  /** Memory of the kept text, two bytes for each UTF-16 unit: as much as the engine ever takes. */
  readonly maxBytes: number;
}

/** Why entries went, in the order in which the bounds are checked. */
export interface RingEvictions {
  readonly age: number;
  readonly entries: number;
  readonly bytes: number;
}

/**
 * How the text of an entry came about: the whole event of a bus, or an object that holds the payload which `append`
 * was given. The ring only keeps it; snapshot.ts knows what it means.
 */
export type SnapshotForm = 0 | 1;

/** What the ring keeps of one event. */
export interface RingEntry {
  readonly kind: string;
  /** The event as it was when it was appended, as JSON. */
  readonly text: string;
  readonly form: SnapshotForm;
  readonly timeMs: number;
}

const initialSlots = 64;

/** The memory that a text may take: one byte a unit if it is all Latin-1, else two. */
export function textBytes(text: string): number {
  return 2 * text.length;
}

/**
 * A bounded queue of entries with contiguous ids, so that the place of an id is arithmetic and never a search. Ids start
 * at 1 and survive eviction and {@link clear}. It knows no clock: whoever calls says what time it is.
 *
 * Entries lie in columns, one array for each field, because an object for each entry costs more than all the rest.
 * The number of slots is a power of two and doubles as the ring fills, so an id's slot is its low bits.
 */
export class Ring {
  readonly #bounds: RingBounds;
  #kinds: (string | undefined)[] = new Array(initialSlots);
  #texts: (string | undefined)[] = new Array(initialSlots);
  #forms = new Uint8Array(initialSlots);
  #times = new Float64Array(initialSlots);
  #mask = initialSlots - 1;
  #first = 1;
  #next = 1;
  #bytes = 0;
  #cleared = 0;
  readonly #evicted = { age: 0, entries: 0, bytes: 0 };

  constructor(bounds: RingBounds) {
    this.#bounds = bounds;
  }

  /** The id of the oldest resident entry; equal to {@link next} when there is none. */
  get first(): number {
    return this.#first;
  }

  /** The id that the next entry will have. */
  get next(): number {
    return this.#next;
  }

  /** Memory of the kept text. */
  get bytes(): number {
    return this.#bytes;
  }

  get evicted(): RingEvictions {
    return { ...this.#evicted };
  }

  /** How many entries {@link clear} dropped. */
  get cleared(): number {
    return this.#cleared;
  }

  /** Adds an entry, evicts what has become too much, and returns the entry's id. */
  push(kind: string, text: string, form: SnapshotForm, timeMs: number): number {
    if (this.#next - this.#first > this.#mask) this.#grow();
    const id = this.#next++;
    const slot = id & this.#mask;
    this.#kinds[slot] = kind;
    this.#texts[slot] = text;
    this.#forms[slot] = form;
    this.#times[slot] = timeMs;
    this.#bytes += textBytes(text);
    this.sweep(timeMs);
    return id;
  }

  /** Evicts, the oldest first, what is too old at `nowMs`, then what is too many, then what is too large. */
  sweep(nowMs: number): void {
    const { ttlMs, maxEntries, maxBytes } = this.#bounds;
    const oldestAllowed = nowMs - ttlMs;
    while (this.#first < this.#next && (this.#times[this.#first & this.#mask] ?? 0) < oldestAllowed) {
      this.#dropFirst();
      this.#evicted.age++;
    }
    while (this.#next - this.#first > maxEntries) {
      this.#dropFirst();
      this.#evicted.entries++;
    }
    while (this.#bytes > maxBytes) {
      this.#dropFirst();
      this.#evicted.bytes++;
    }
  }

  /** Drops every entry; the next id goes on from where it was. */
  clear(): void {
    while (this.#first < this.#next) {
      this.#dropFirst();
      this.#cleared++;
    }
  }

  /** The kind alone, for filters: text, even if a caller without types gave something else. */
  kind(id: number): string {
    return String(this.#kinds[this.#slot(id)] ?? "");
  }

  entry(id: number): RingEntry {
    const slot = this.#slot(id);
    return {
      kind: this.#kinds[slot] ?? "",
      text: this.#texts[slot] ?? "",
      form: this.#forms[slot] === 0 ? 0 : 1,
      timeMs: this.#times[slot] ?? 0,
    };
  }

  /** @throws RangeError when the id is not resident */
  #slot(id: number): number {
    if (id >= this.#first && id < this.#next) return id & this.#mask;
    throw new RangeError(`[memory-log] entry ${id} is not resident (${this.#first} to ${this.#next - 1} are)`);
  }

  #dropFirst(): void {
    const slot = this.#first++ & this.#mask;
    this.#bytes -= textBytes(this.#texts[slot] ?? "");
    this.#texts[slot] = undefined;
    this.#kinds[slot] = undefined;
  }

  #grow(): void {
    const slots = 2 * (this.#mask + 1);
    const mask = slots - 1;
    const kinds: (string | undefined)[] = new Array(slots);
    const texts: (string | undefined)[] = new Array(slots);
    const forms = new Uint8Array(slots);
    const times = new Float64Array(slots);
    for (let id = this.#first; id < this.#next; id++) {
      const from = id & this.#mask;
      const to = id & mask;
      kinds[to] = this.#kinds[from];
      texts[to] = this.#texts[from];
      forms[to] = this.#forms[from] ?? 0;
      times[to] = this.#times[from] ?? 0;
    }
    this.#kinds = kinds;
    this.#texts = texts;
    this.#forms = forms;
    this.#times = times;
    this.#mask = mask;
  }
}
