import type { RunLease } from "@loops/core";
import type { EvaluatorEffects } from "../evaluators/evaluation.js";
import type { RunState } from "../run-state.js";
import { annotationsOf } from "./annotations.js";
import type { Effects } from "./effects.js";
import { FlushMark } from "./flush-mark.js";
import { isPromise } from "./is-promise.js";
import { Journal } from "./journal.js";
import type { RunResult } from "./options.js";
import type { Successor } from "./successor.js";

/** A child run that was taken over before its parent goes on. */
export interface HeldChild {
  readonly segment: Segment;
  /** Emits again what the sinks may lack of it and of its own children. */
  reemit(): Promise<void>;
  /** Carries it out to its end, and gives it up. */
  goOn(): Promise<RunResult>;
  /** Gives it up as it is. Never rejects. */
  release(): Promise<void>;
}

/** The part of a run that one process carries out, from taking the lease to giving it up. */
export class Segment {
  readonly lease: RunLease<RunState>;
  readonly effects: Effects;
  readonly journal: Journal;
  readonly flushMark: FlushMark;
  readonly evaluators: EvaluatorEffects;
  /** The process that goes on with the run after a handoff. It waits until the lease is given up. */
  successor: Successor | undefined;
  /** The child that this run waits for, from the moment that it is taken over until it goes on. */
  held: HeldChild | undefined;
  /** The run id of a child that has ended, and whose events have all been delivered. */
  endedChild: string | undefined;
  readonly #parent: Segment | undefined;
  readonly #ending = new AbortController();
  readonly #stopping = new AbortController();
  readonly #startedMs: number;
  #nowMs: number;
  #accumulatedMs: number;

  /** @param parent of a child loop: what stops the one stops the other */
  constructor(lease: RunLease<RunState>, effects: Effects, parent?: Segment) {
    const { bus, clock, flushTimeoutMs, patience, warn } = effects;
    this.lease = lease;
    this.effects = effects;
    this.#parent = parent;
    this.flushMark = new FlushMark({ lease, bus, clock, timeoutMs: flushTimeoutMs, patience, warn });
    this.journal = new Journal({
      lease,
      bus,
      clock,
      warn,
      annotations: annotationsOf(lease, effects),
      onFailure: (error) => this.#end(error),
    });
    this.evaluators = { ...effects.evaluators, signal: this.#ending.signal };
    this.#startedMs = clock.monotonicMs();
    this.#nowMs = this.#startedMs;
    this.#accumulatedMs = lease.state.accumulated_ms;
    this.#obeyLoss(lease.lost);
  }

  /** Whether no other one waits for its end. */
  get isOutermost(): boolean {
    return this.#parent === undefined;
  }

  /** Running time of this segment and those before it. */
  elapsedMs(): number {
    this.#nowMs = this.effects.clock.monotonicMs();
    return this.#accumulatedMs + this.#nowMs - this.#startedMs;
  }

  /** Lets the bus deliver meanwhile what it has: something begins that may take its time. */
  deliverMeanwhile(): void {
    // The step before has just asked the clock.
    this.flushMark.poke(this.#nowMs);
  }

  /** The running time is no less than that. */
  countAtLeast(elapsedMs: number): void {
    this.#accumulatedMs += Math.max(0, elapsedMs - this.elapsedMs());
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
    if (this.#stopping.signal.aborted) return true;
    const own = this.lease.stopRequested();
    if (this.#parent === undefined || own === true) return own;
    return isPromise(own) ? own.then((stops) => stops || this.#parentStops()) : this.#parentStops();
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

  #parentStops(): boolean | Promise<boolean> {
    return this.#parent?.stopRequested() ?? false;
  }

  /** Whoever has the run now may act: what acts here ends. The next commit says why. */
  #obeyLoss(lost: AbortSignal | undefined): void {
    if (lost?.aborted === true) this.#end(lost.reason);
    lost?.addEventListener("abort", () => this.#end(lost.reason), { once: true });
  }

  #end(reason: unknown): void {
    this.#stopping.abort(reason);
    this.#ending.abort(reason);
  }
}
