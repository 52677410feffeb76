import type { Cursor } from "@loops/core";
import { formatCursor, locate, newEpoch, type Since } from "./cursor.js";
import type { ResolvedOptions } from "./options.js";
import { Ring, type SnapshotForm } from "./ring.js";

export interface Page<Item> {
  readonly events: readonly Item[];
  readonly gap: boolean;
  readonly oldest: Cursor | null;
  readonly newest: Cursor;
  readonly next: Cursor;
}

export interface Selection<Item> {
  readonly since: Since;
  readonly limit: number | null | undefined;
  readonly matches?: ((kind: string) => boolean) | undefined;
  readonly read: (id: number) => Item;
}

/** A ring with a clock, an identity, and readers that wait for the next entry. All views of a log share one. */
export class LogStore {
  readonly epoch = newEpoch();
  readonly maxBytes: number;
  readonly ring: Ring;
  readonly #now: () => number;
  readonly #waiting = new Set<() => void>();

  constructor(options: ResolvedOptions) {
    this.maxBytes = options.maxBytes;
    this.ring = new Ring(options);
    this.#now = options.now;
  }

  nowMs(): number {
    return this.#now();
  }

  /** Adds an entry, wakes who waits, returns the entry's id. */
  put(kind: string, text: string, form: SnapshotForm, timeMs: number): number {
    const id = this.ring.push(kind, text, form, timeMs);
    if (this.#waiting.size > 0) this.wake();
    return id;
  }

  /** Evicts what is too old by now: time passes between appends as well. */
  sweep(): void {
    this.ring.sweep(this.#now());
  }

  cursor(id: number): Cursor {
    return formatCursor(this.epoch, id);
  }

  /** Reads on from a place: index arithmetic to the first entry, then only the entries themselves. */
  page<Item>({ since, limit, matches, read }: Selection<Item>): Page<Item> {
    this.sweep();
    const { first, next } = this.ring;
    const { after, known } = locate(since, this.epoch, this.ring);
    const most = limit === undefined || limit === null || !(limit >= 0) ? Number.POSITIVE_INFINITY : limit;
    const events: Item[] = [];
    let id = Math.max(after + 1, first);
    for (; id < next && events.length < most; id++) {
      if (matches === undefined || matches(this.ring.kind(id))) events.push(read(id));
    }
    return {
      events,
      gap: !known || after + 1 < first,
      oldest: first < next ? this.cursor(first) : null,
      newest: this.cursor(next - 1),
      next: this.cursor(id - 1),
    };
  }

  /** Has `wake` called once, at the next entry or when the log is closed. */
  onNext(wake: () => void): void {
    this.#waiting.add(wake);
  }

  /** Takes back {@link onNext}. */
  offNext(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
