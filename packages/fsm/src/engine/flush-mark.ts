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
  readonly patience: FlushPatience;
  readonly warn: (warning: Error) => void;
}

/** What the runs of one tree know of their bus: each is its own run, but a sink that hangs keeps all of them waiting. */
export class FlushPatience {
  /** Whether the last flush that ended took all the time it was given. */
  exhausted = false;
}

const minIntervalMs = 250;
/** A loop that is faster than that is asked for sooner: so many events can be forgotten, or emitted again, at most. */
const maxUnmarked = 5000;

/**
 * Records in the store how far the bus has delivered, so that a resume knows what the sinks may have lost. Behind is
 * safe, ahead never: the mark is the last event committed before the flush was asked for.
 */
export class FlushMark {
  readonly #options: FlushMarkOptions;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastSeq = 0;
  #inFlight: Promise<boolean> | undefined;
  #warned = false;
  #closed = false;

  constructor(options: FlushMarkOptions) {
    this.#options = options;
  }

  /** Flushes in the background: one at a time, every 250 ms, or every 5000 events if those come sooner. @param now by the clock */
  poke(now: number): void {
    if (this.#inFlight !== undefined) return;
    const { seq } = this.#options.lease;
    if (now - this.#lastMs < minIntervalMs && seq - this.#lastSeq < maxUnmarked) return;
    this.#lastMs = now;
    this.#lastSeq = seq;
    this.#inFlight = this.#flush().finally(() => {
      this.#inFlight = undefined;
    });
  }

  /**
   * Flushes what is left. Resolves by the deadline, with whether all of it was delivered.
   *
   * @param which `always`, or `unless_hanging`: not at all while the bus is known to hang, because somebody waits for it
   * later anyway
   */
  async finish(which: "always" | "unless_hanging" = "always"): Promise<boolean> {
    if (which === "unless_hanging" && this.#options.patience.exhausted) {
      // The lease is given up next: a flush that is under way finds out too late.
      this.#closed = true;
      return false;
    }
    const [, delivered] = await Promise.all([this.#inFlight, this.#flush()]);
    return delivered;
  }

  /** Never rejects: a bus that cannot deliver does not stop a loop. */
  async #flush(): Promise<boolean> {
    const { lease, bus, timeoutMs, patience } = this.#options;
    const target = lease.seq;
    const begunMs = performance.now();
    try {
      const report =
        bus?.flush === undefined ? delivered : await within(bus.flush({ timeoutMs }), timeoutMs + 1000, late);
      // A timer may be a little early by this clock.
      patience.exhausted = !report.ok && performance.now() - begunMs >= timeoutMs - 5;
      if (report.ok && !this.#closed) await lease.markFlushed(target);
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
