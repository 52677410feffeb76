import { setTimeout as sleep } from "node:timers/promises";
import { isLoopsError, timerMs } from "@loops/core";
import { LeaseClock } from "./lease-clock.js";

export interface HeartbeatOptions {
  readonly leaseMs: number;
  /** When the lease was asked for, by `performance.now()`. */
  readonly askedMs: number;
  /** Renews the lease, or rejects; with `LOOPS_LEASE_LOST` where it is another's. */
  readonly renew: (timeoutMs: number) => Promise<void>;
  /** Called once, when the lease is lost or could not be renewed in time. */
  readonly onOver: (cause: unknown) => void;
}

/** Renewed when a third of the lease is over; nothing is done in its last tenth, because clocks differ. */
const renewAt = 1 / 3;
const margin = 1 / 10;
const retryMs = 500;

/** Renews a lease while it is held. Its timer keeps no process alive. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #clock = new LeaseClock();
  #untilMs: number;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #stopped = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#untilMs = options.leaseMs * (1 - margin) - (performance.now() - options.askedMs);
    this.#schedule();
  }

  /** For {@link renewed}. */
  now(): number {
    return this.#clock.now();
  }

  /** For so long nobody else can have taken the run, as far as can be told from here. */
  remainingMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.now());
  }

  /** The lease was renewed by what was sent then. */
  renewed(askedMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, askedMs + this.#options.leaseMs * (1 - margin));
  }

  /** Renews it now. Never rejects: where it cannot be renewed, `onOver` is called. */
  beat(): Promise<void> {
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined;
      this.#schedule();
    });
    return this.#beating;
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const { leaseMs } = this.#options;
    const dueMs = this.#untilMs - leaseMs * (1 - margin - renewAt) - this.#clock.now();
    this.#timer = setTimeout(() => this.#due(), timerMs(Math.max(1, dueMs))).unref();
  }

  #due(): void {
    const { leaseMs } = this.#options;
    // Commits have renewed it meanwhile.
    if (this.remainingMs() > leaseMs * (1 - margin - renewAt) + 1) this.#schedule();
    else void this.beat();
  }

  async #beat(): Promise<void> {
    const pauseMs = Math.min(retryMs, this.#options.leaseMs * margin);
    // One that wakes up late tries once: where nobody has taken the run meanwhile, it still is the owner.
    let leastMs = pauseMs;
    while (!this.#stopped) {
      const askedMs = this.#clock.now();
      try {
        await this.#options.renew(Math.max(leastMs, this.remainingMs()));
        this.renewed(askedMs);
        return;
      } catch (error) {
        if (isLoopsError(error, "LOOPS_LEASE_LOST") || this.remainingMs() <= pauseMs) return this.#over(error);
      }
      await sleep(pauseMs, undefined, { ref: false });
      leastMs = 0;
    }
  }

  #over(cause: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.onOver(cause);
  }
}
