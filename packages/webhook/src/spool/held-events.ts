import type { SpooledEvent } from "./spool.js";

/** Counts the events of a spool that are in memory, and says how many more may be. */
export class HeldEvents {
  readonly #maxItems: number;
  readonly #maxBytes: number;
  #items = 0;
  #bytes = 0;
  #unwritten = 0;

  constructor(maxItems: number, maxBytes: number) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
  }

  get items(): number {
    return this.#items;
  }

  get hasRoom(): boolean {
    return this.#items < this.#maxItems && this.#bytes < this.#maxBytes;
  }

  /** No more than half of what may be held is. */
  get isHalfEmpty(): boolean {
    return this.#items <= this.#maxItems / 2 && this.#bytes <= this.#maxBytes / 2;
  }

  get roomItems(): number {
    return this.#maxItems - this.#items;
  }

  get roomBytes(): number {
    return this.#maxBytes - this.#bytes;
  }

  add(event: SpooledEvent): void {
    this.#items++;
    this.#bytes += sizeOf(event);
    if (isUnwritten(event)) this.#unwritten++;
  }

  release(events: readonly SpooledEvent[]): void {
    this.#items -= events.length;
    for (const event of events) {
      this.#bytes -= sizeOf(event);
      if (isUnwritten(event)) this.#unwritten--;
    }
  }

  /** How many of those held the disk did not take; they are not counted as such any more. */
  giveUpUnwritten(): number {
    const count = this.#unwritten;
    this.#unwritten = 0;
    return count;
  }
}

/** Near enough to the bytes of its line, and known without counting them. */
export function sizeOf({ json }: SpooledEvent): number {
  return json.length + 1;
}

/** It is in memory only: it has no place in the spool. */
export function isUnwritten({ start, end }: SpooledEvent): boolean {
  return start === end;
}
