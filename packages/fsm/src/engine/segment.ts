import type { RunLease } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { Effects } from "./effects.js";
import { FlushMark } from "./flush-mark.js";
import { Journal } from "./journal.js";

/** The part of a run that one process carries out, from taking the lease to giving it up. */
export class Segment {
  readonly lease: RunLease<RunState>;
  readonly effects: Effects;
  readonly journal: Journal;
  readonly flushMark: FlushMark;
  readonly #ending = new AbortController();
  readonly #startedMs: number;
  readonly #accumulatedMs: number;

  constructor(lease: RunLease<RunState>, effects: Effects) {
    const { bus, clock, flushTimeoutMs, warn } = effects;
    this.lease = lease;
    this.effects = effects;
    this.flushMark = new FlushMark({ lease, bus, clock, timeoutMs: flushTimeoutMs, warn });
    this.journal = new Journal({ lease, bus, clock, warn, onFailure: (error) => this.#ending.abort(error) });
    this.#startedMs = clock.monotonicMs();
    this.#accumulatedMs = lease.state.accumulated_ms;
  }

  /** Running time of this segment and those before it. */
  elapsedMs(): number {
    return this.#accumulatedMs + this.effects.clock.monotonicMs() - this.#startedMs;
  }

  /** Aborted when the running action has to end: by force, or because nothing can be recorded any more. */
  get actionSignal(): AbortSignal {
    return this.#ending.signal;
  }

  async stopRequested(): Promise<boolean> {
    const { signal, forceSignal } = this.effects;
    return signal?.aborted === true || forceSignal?.aborted === true || (await this.lease.stopRequested());
  }

  /** From now on `forceSignal` ends the running action. @returns what takes that back */
  obeyForce(): () => void {
    const { forceSignal } = this.effects;
    const force = () => this.#ending.abort(forceSignal?.reason);
    if (forceSignal?.aborted === true) force();
    forceSignal?.addEventListener("abort", force, { once: true });
    return () => forceSignal?.removeEventListener("abort", force);
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
}

/** Gives a lease up whatever happened; a failure to do so must not hide what the work had to say. */
export async function releasing<T>(
  lease: RunLease<RunState>,
  warn: (warning: Error) => void,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    try {
      await lease.release();
    } catch (error) {
      warn(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
