/** After so many additions the rest is left to die out. */
const GENERATION = 256;

/**
 * A map of what comes and goes. A `Map` makes itself a new table again and again then, and once the old ones have outlived
 * the young generation of the garbage collector, they keep alive what was in them and, through the next table, all that came
 * later, until its next full run: that doubled the price of an entry. So there are two, and one that is empty is dropped.
 */
export class ShortLivedMap<V> {
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #added = 0;

  get(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** Adds what is not there yet. */
  add(key: string, value: V): void {
    if (this.#added >= GENERATION && this.#old.size === 0) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#added = 0;
    }
    this.#added++;
    this.#young.set(key, value);
  }

  /** @returns whether it was there */
  delete(key: string): boolean {
    return this.#young.delete(key) || this.#old.delete(key);
  }

  *values(): Generator<V> {
    yield* this.#old.values();
    yield* this.#young.values();
  }
}
