/**
 * Calls `run` at once when it is asked for and `intervalMs` have passed since the last time, otherwise later: by a timer
 * that never keeps the process alive, or by the next request that finds the interval over (a busy loop starves timers).
 */
export class TrailingThrottle {
  readonly #run: () => void;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(run: () => void, intervalMs: number) {
    this.#run = run;
    this.#intervalMs = intervalMs;
  }

  request(): void {
    const waitMs = this.#lastMs + this.#intervalMs - performance.now();
    if (waitMs <= 0) this.now();
    else this.#timer ??= setTimeout(() => this.now(), waitMs).unref();
  }

  now(): void {
    this.stop();
    this.#lastMs = performance.now();
    this.#run();
  }

  /** Whatever waits is dropped. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
