import type { RunLease } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { Effects } from "./effects.js";
import { FlushMark } from "./flush-mark.js";
import { Journal } from "./journal.js";
import type { Successor } from "./successor.js";

/** The part of a run that one process carries out, from taking the lease to giving it up. */
export class Segment {
  readonly lease: RunLease<RunState>;
  readonly effects: Effects;
  readonly journal: Journal;
  readonly flushMark: FlushMark;
  /** The process that goes on with the run after a handoff. It waits until the lease is given up. */
  successor: Successor | undefined;
  readonly #ending = new AbortController();
  readonly #stopping = new AbortController();
  readonly #startedMs: number;
  readonly #accumulatedMs: number;

  constructor(lease: RunLease<RunState>, effects: Effects) {
    const { bus, clock, flushTimeoutMs, warn } = effects;
    this.lease = lease;
    this.effects = effects;
    this.flushMark = new FlushMark({ lease, bus, clock, timeoutMs: flushTimeoutMs, warn });
    this.journal = new Journal({ lease, bus, clock, warn, onFailure: (error) => this.#end(error) });
    this.#startedMs = clock.monotonicMs();
    this.#accumulatedMs = lease.state.accumulated_ms;
  }

  /** Running time of this segment and those before it. */
  elapsedMs(): number {
    return this.#accumulatedMs + this.effects.clock.monotonicMs() - this.#startedMs;
  }

  /** Aborted when what is under way has to end: by force, or because nothing can be recorded any more. */
  get actionSignal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Aborted when nothing further is to begin: by either signal of the caller, and with {@link actionSignal}. */
  get stopSignal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Whether somebody asked the run to stop after the current state. A promise only where the store takes its time. */
  stopRequested(): boolean | Promise<boolean> {
    return this.#stopping.signal.aborted || this.lease.stopRequested();
  }

  /** From now on the caller's signals stop the run. @returns what takes that back */
  obeySignals(): () => void {
    const { signal, forceSignal } = this.effects;
    const stop = () => this.#stopping.abort(signal?.reason);
    const force = () => this.#end(forceSignal?.reason);
    if (signal?.aborted === true) stop();
    if (forceSignal?.aborted === true) force();
    signal?.addEventListener("abort", stop, { once: true });
    forceSignal?.addEventListener("abort", force, { once: true });
    return () => {
      signal?.removeEventListener("abort", stop);
      forceSignal?.removeEventListener("abort", force);
    };
  }

  /**
   * Emits again what may not have reached the sinks before an earlier process ended.
   * @returns how many events that were
   */
  async reemit(): Promise<number> {
    const missing = await this.lease.events(this.lease.flushedSeq);
    for (const { event } of missing) this.journal.emit(event);
    return missing.length;
  }

  #end(reason: unknown): void {
    this.#stopping.abort(reason);
    this.#ending.abort(reason);
  }
}
