/** Numbers that look random and are the same again for the same seed. */
export class Random {
  readonly seed: number;
  /** Whether anything was drawn: only then the seed explains something. */
  used = false;
  #state: number;

  /** @param seed of which the lower 32 bits count */
  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    this.used = true;
    return Math.floor((this.#next() / 4_294_967_296) * limit);
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough to mix steps. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

export function randomSeed(): number {
  return Math.floor(Math.random() * 4_294_967_296);
}
