/** Whether an event came before, over a bounded number of ids: the latest `max` are certainly known, at most twice that are. */
export class RecentEventIds {
  readonly #max: number;
  #young = new Set<string>();
  #old: ReadonlySet<string> = new Set();

  constructor(max: number) {
    this.#max = max;
  }

  /** `false` if it was there. */
  add(id: string): boolean {
    if (this.#young.has(id) || this.#old.has(id)) return false;
    this.#young.add(id);
    if (this.#young.size >= this.#max) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    return true;
  }
}
