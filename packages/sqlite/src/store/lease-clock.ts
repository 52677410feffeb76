/** The wall clock counts in whole milliseconds, and is put right in small steps: less than this says nothing. */
const jitterMs = 50;

/**
 * Time since it was made, in milliseconds: never less than what has passed. The monotonic clock of the system stands
 * still on some machines while they sleep, and the wall clock tells; one that is put back takes nothing away.
 */
export class LeaseClock {
  #elapsedMs = 0;
  #monotonicMs = performance.now();
  #wallMs = Date.now();

  now(): number {
    const [monotonicMs, wallMs] = [performance.now(), Date.now()];
    const passedMs = monotonicMs - this.#monotonicMs;
    const sleptMs = wallMs - this.#wallMs - passedMs;
    this.#elapsedMs += passedMs + (sleptMs > jitterMs ? sleptMs : 0);
    [this.#monotonicMs, this.#wallMs] = [monotonicMs, wallMs];
    return this.#elapsedMs;
  }
}
