import { LoopsError, type RunLease } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { Clock } from "./clock.js";
import type { EventSink } from "./event-sink.js";
import { within } from "./within.js";

export interface FlushMarkOptions {
  readonly lease: RunLease<RunState>;
  readonly bus: EventSink | undefined;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly warn: (warning: Error) => void;
}

const minIntervalMs = 250;

/**
 * Records in the store how far the bus has delivered, so that a resume knows what the sinks may have lost. Behind is
 * safe, ahead never: the mark is the last event committed before the flush was asked for.
 */
export class FlushMark {
  readonly #options: FlushMarkOptions;
  #lastMs = Number.NEGATIVE_INFINITY;
  #inFlight: Promise<boolean> | undefined;
  #warned = false;

  constructor(options: FlushMarkOptions) {
    this.#options = options;
  }

  /** Flushes in the background: one at a time, and not more often than every 250 ms. @param now by the clock */
  poke(now: number): void {
    if (this.#inFlight !== undefined || now - this.#lastMs < minIntervalMs) return;
    this.#lastMs = now;
    this.#inFlight = this.#flush().finally(() => {
      this.#inFlight = undefined;
    });
  }

  /** Flushes what is left. Resolves by the deadline, with whether all of it was delivered. */
  async finish(): Promise<boolean> {
    const [, delivered] = await Promise.all([this.#inFlight, this.#flush()]);
    return delivered;
  }

  /** Never rejects: a bus that cannot deliver does not stop a loop. */
  async #flush(): Promise<boolean> {
    const { lease, bus, timeoutMs } = this.#options;
    const target = lease.seq;
    try {
      const report =
        bus?.flush === undefined ? delivered : await within(bus.flush({ timeoutMs }), timeoutMs + 1000, late);
      if (report.ok) await lease.markFlushed(target);
      return report.ok;
    } catch (cause) {
      this.#warnOnce(cause);
      return false;
    }
  }

  #warnOnce(cause: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const message = "[engine] what the bus has delivered could not be recorded; a resume will emit more events again";
    this.#options.warn(new LoopsError("LOOPS_FLUSH_MARK", message, { cause }));
  }
}

const delivered = { ok: true };
const late = { ok: false };
