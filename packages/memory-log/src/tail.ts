import type { TailItem } from "@loops/core";
import { locate, type Since } from "./cursor.js";
import type { LogStore } from "./log-store.js";
import { entryEvent } from "./snapshot.js";

export interface TailSource {
  readonly store: LogStore;
  /** Whether nothing more will be appended. */
  closed(): boolean;
}

export interface TailRequest {
  /** @default the newest entry: only what comes from now on */
  readonly since?: Since;
  readonly matches: (kind: string) => boolean;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<TailItem, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** So many items are handed over without letting timers and I/O run. */
const itemsPerTurn = 1024;

/**
 * Follows a log. The reader holds only its place, never a queue: what it has not read yet waits in the ring, and what
 * the ring evicts meanwhile becomes one gap. So a reader that stalls costs nothing and delays nobody.
 *
 * Written by hand because `return()` of an async generator waits for the `next()` in progress, which may never end.
 * Listeners are held only while a `next()` waits.
 */
export class Tail implements AsyncIterableIterator<TailItem, undefined, undefined> {
  readonly #source: TailSource;
  readonly #matches: (kind: string) => boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #waiters: Waiter[] = [];
  #after: number;
  #known = true;
  #ended = false;
  #handed = 0;
  #resting: NodeJS.Immediate | undefined;

  constructor(source: TailSource, { since, matches, signal }: TailRequest) {
    const { ring, epoch } = source.store;
    this.#source = source;
    this.#matches = matches;
    this.#signal = signal;
    this.#after = ring.next - 1;
    if (since !== undefined && since !== null) {
      source.store.sweep();
      ({ after: this.#after, known: this.#known } = locate(since, epoch, ring));
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<TailItem, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (this.#waiters.length === 1) this.#serve();
    });
  }

  return(): Promise<IteratorResult<TailItem, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Answers the waiting `next()`s as far as there are items, and sees to it that the rest are answered later. */
  readonly #serve = (): void => {
    this.#unlisten();
    if (this.#signal?.aborted === true) this.#ended = true;
    while (!this.#ended && this.#resting === undefined && this.#waiters.length > 0) {
      if (this.#handed === itemsPerTurn) this.#rest();
      else if (!this.#answerOne()) return;
    }
    if (this.#ended) this.#end();
  };

  /** Whether there was an item; if not, the next one is listened for. */
  #answerOne(): boolean {
    try {
      const value = this.#take();
      if (value !== undefined) {
        this.#handed++;
        this.#waiters.shift()?.resolve({ done: false, value });
        return true;
      }
      if (this.#source.closed()) this.#end();
      else this.#listen();
    } catch (error) {
      this.#waiters.shift()?.reject(error);
      this.#end();
    }
    return false;
  }

  #take(): TailItem | undefined {
    const { store } = this.#source;
    store.sweep();
    const { first, next } = store.ring;
    if (!this.#known) {
      this.#known = true;
      return { type: "gap", missed: null, cursor: store.cursor(this.#after) };
    }
    const missed = first - 1 - this.#after;
    if (missed > 0) {
      this.#after = first - 1;
      return { type: "gap", missed, cursor: store.cursor(this.#after) };
    }
    while (this.#after < next - 1) {
      const id = ++this.#after;
      if (!this.#matches(store.ring.kind(id))) continue;
      const cursor = store.cursor(id);
      return { type: "event", cursor, event: entryEvent(id, store.ring.entry(id), cursor) };
    }
    return undefined;
  }

  #listen(): void {
    this.#source.store.onNext(this.#wake);
    this.#signal?.addEventListener("abort", this.#serve, { once: true });
  }

  #unlisten(): void {
    this.#source.store.offNext(this.#wake);
    this.#signal?.removeEventListener("abort", this.#serve);
  }

  /** Reading is not the business of whoever appends, so it happens after the append has returned. */
  readonly #wake = (): void => queueMicrotask(this.#serve);

  #rest(): void {
    this.#resting = setImmediate(() => {
      this.#resting = undefined;
      this.#handed = 0;
      this.#serve();
    });
  }

  #end(): void {
    this.#ended = true;
    this.#unlisten();
    clearImmediate(this.#resting);
    this.#resting = undefined;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }
}
