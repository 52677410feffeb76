/** Items written together, in order. `first` is the sequence number of the first of them. */
export interface Batch<T> {
  items: T[];
  first: number;
  bytes: number;
  measured: boolean;
}

export interface BatchQueueOptions<T> {
  readonly maxBatchItems: number;
  readonly maxBatchBytes: number;
  /** Cheap size of an item, near enough to decide when a batch is full. */
  sizeOf(item: T): number;
  /** Exact size in bytes, asked once for each item that has to wait. */
  measure(item: T): number;
}

/**
 * The data of a delivery queue, without I/O: an open batch that grows, and sealed ones in order. Sequence numbers rise
 * from 1 with each item; what has left the queue is settled.
 */
export class BatchQueue<T> {
  /** Items held, those in the head batch included. */
  items = 0;
  /** Bytes held: exact for sealed batches, near for the open one. */
  bytes = 0;
  /** Sequence number of the next item. */
  next = 1;
  readonly sealed: Batch<T>[] = [];
  #open: Batch<T>;
  readonly #options: BatchQueueOptions<T>;

  constructor(options: BatchQueueOptions<T>) {
    this.#options = options;
    this.#open = { items: [], first: 1, bytes: 0, measured: false };
  }

  get openItems(): number {
    return this.#open.items.length;
  }

  /** Adds an item. Returns whether a batch is now full and sealed. */
  push(item: T, size: number): boolean {
    const { maxBatchItems, maxBatchBytes } = this.#options;
    const overfull = this.#open.bytes + size > maxBatchBytes && this.seal();
    const open = this.#open;
    open.items.push(item);
    open.bytes += size;
    this.items++;
    this.bytes += size;
    this.next++;
    const full = (open.items.length >= maxBatchItems || open.bytes >= maxBatchBytes) && this.seal();
    return overfull || full;
  }

  /** Seals the open batch; `false` if it is empty. */
  seal(): boolean {
    if (this.#open.items.length === 0) return false;
    this.sealed.push(this.#open);
    this.#open = { items: [], first: this.next, bytes: 0, measured: false };
    return true;
  }

  /** Counts the exact bytes of sealed batches that have to wait. */
  measureSealed(): void {
    for (let i = this.sealed.length - 1; i >= 0; i--) {
      const batch = this.sealed[i] as Batch<T>;
      if (batch.measured) return;
      let bytes = 0;
      for (const item of batch.items) bytes += this.#options.measure(item);
      this.bytes += bytes - batch.bytes;
      batch.bytes = bytes;
      batch.measured = true;
    }
  }

  /** Sequence number below which everything is settled. */
  get firstUnsettled(): number {
    const batch = this.sealed[0] ?? this.#open;
    return batch.items.length > 0 ? batch.first : this.next;
  }

  /** Takes the head batch out: its items are settled, but for those put back with {@link unshift}. */
  shift(): Batch<T> | undefined {
    const batch = this.sealed.shift();
    if (batch !== undefined) {
      this.items -= batch.items.length;
      this.bytes -= batch.bytes;
    }
    return batch;
  }

  /** Puts items of a batch that was shifted out back to the head. `first` is at most the number of the first of them. */
  unshift(items: T[], first: number): void {
    if (items.length === 0) return;
    let bytes = 0;
    for (const item of items) bytes += this.#options.measure(item);
    this.sealed.unshift({ items, first, bytes, measured: true });
    this.items += items.length;
    this.bytes += bytes;
  }

  /** Takes out the oldest item behind the first `locked` sealed batches. */
  dropOldest(locked: number): T | undefined {
    const batch = this.sealed[locked] ?? this.#open;
    if (batch.items.length === 0) return undefined;
    const item = batch.items.shift() as T;
    const size = batch.measured ? this.#options.measure(item) : this.#options.sizeOf(item);
    batch.bytes -= size;
    batch.first++;
    this.items--;
    this.bytes -= size;
    if (batch.items.length === 0 && batch !== this.#open) this.sealed.splice(locked, 1);
    return item;
  }
}
