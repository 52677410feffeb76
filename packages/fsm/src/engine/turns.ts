const maxBusyMs = 5;

/**
 * Whose turn it is in this process. A loop whose actions never wait would starve timers and signals, so that it gives way
 * after 5 ms. By the real clock: an injected one need not move.
 */
export class Turns {
  #begunMs = performance.now();

  isOver(): boolean {
    return performance.now() - this.#begunMs > maxBusyMs;
  }

  /** Lets everybody else have theirs. */
  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#begunMs = performance.now();
  }
}
