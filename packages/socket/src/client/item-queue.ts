interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Items between who receives them and who reads them: what was put in comes out in order, then the end, or the error
 * that ended it. Bounded by whoever puts in: `full` says when to stop, `onRoom` when to go on.
 */
export class ItemQueue<T> {
  readonly #items: T[] = [];
  readonly #waiters: Waiter<T>[] = [];
  readonly #maxItems: number;
  readonly #onRoom: () => void;
  #read = 0;
  #wasFull = false;
  #ended = false;
  #error: unknown;

  constructor(maxItems: number, onRoom: () => void) {
    this.#maxItems = maxItems;
    this.#onRoom = onRoom;
  }

  get size(): number {
    return this.#items.length - this.#read;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether nothing more should be put in for now; items that are put in all the same are kept. */
  get full(): boolean {
    if (this.size >= this.#maxItems) this.#wasFull = true;
    return this.#wasFull;
  }

  push(item: T): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#items.push(item);
    else waiter.resolve({ done: false, value: item });
  }

  take(): Promise<IteratorResult<T, undefined>> {
    if (this.size > 0) {
      const value = this.#items[this.#read++] as T;
      this.#compact();
      return Promise.resolve({ done: false, value });
    }
    if (!this.#ended) return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }

  /** No more items. Those that are in can still be read; then comes the error, once, if there is one. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const waiter of this.#waiters.splice(0)) this.take().then(waiter.resolve, waiter.reject);
  }

  /** Forgets what has not been read. */
  clear(): void {
    this.#items.length = 0;
    this.#read = 0;
    this.#wasFull = false;
  }

  /** Moves the rest to the front now and then, and says so when half of a full queue has been read. */
  #compact(): void {
    if (this.#read === this.#items.length || this.#read >= 1024) {
      this.#items.splice(0, this.#read);
      this.#read = 0;
    }
    if (!this.#wasFull || this.size > this.#maxItems / 2) return;
    this.#wasFull = false;
    this.#onRoom();
  }
}
