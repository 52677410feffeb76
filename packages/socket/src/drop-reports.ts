/** Between two reports about one client. */
const intervalMs = 5000;

/**
 * When to say that a client loses frames: the first time at once, then with the first loss after 5 seconds, and what is
 * left when it goes. Without a timer. Each report tells how many were lost since the one before.
 */
export class DropReports {
  readonly #report: (frames: number) => void;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #untold = 0;

  constructor(report: (frames: number) => void) {
    this.#report = report;
  }

  count(frames: number, now: number = performance.now()): void {
    this.#untold += frames;
    if (now - this.#reportedAt < intervalMs) return;
    this.#reportedAt = now;
    this.end();
  }

  /** Tells what has not been told. */
  end(): void {
    if (this.#untold > 0) this.#report(this.#untold);
    this.#untold = 0;
  }
}
