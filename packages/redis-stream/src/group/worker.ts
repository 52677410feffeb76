import { LoopsError, timerMs } from "@loops/core";
import { type EntryRecord, entryRecord, type StreamEvent } from "../entry.js";
import type { Acknowledger } from "./acknowledger.js";
import { Bell } from "./bell.js";
import type { GroupContext } from "./context.js";
import { type DeadLetter, deadLetterFields, detailOf } from "./dead-letter.js";
import { afterFailure, beforeHandling, certainlyOurs, type DeadReason, idleForPause } from "./decide.js";
import type { Heart } from "./heart.js";
import { abortHandler, type HeldEntry, handlerSignal } from "./held.js";
import type { Delivery } from "./options.js";

/** Handles what is held, as many at a time as `concurrency` says. */
export class Worker {
  readonly #group: GroupContext;
  readonly #heart: Heart;
  readonly #acknowledger: Acknowledger;
  readonly #lookIn: (ms: number) => void;
  readonly #ended: AbortSignal;
  readonly #onIdle: (() => void)[] = [];
  #running = 0;
  #pumping = false;

  /**
   * @param lookIn is told when an entry that pauses can be claimed again
   * @param ended aborts when nothing is acknowledged any more
   */
  constructor(
    group: GroupContext,
    parts: {
      readonly heart: Heart;
      readonly acknowledger: Acknowledger;
      readonly lookIn: (ms: number) => void;
      readonly ended: AbortSignal;
    },
  ) {
    this.#group = group;
    this.#heart = parts.heart;
    this.#acknowledger = parts.acknowledger;
    this.#lookIn = parts.lookIn;
    this.#ended = parts.ended;
  }

  /** Begins with what waits, as far as there is room. */
  pump(): void {
    const { held, options, stopping } = this.#group;
    // A handler that returns at once makes room for the next one here, and not by a call within this one.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#running < options.concurrency && !stopping.aborted) {
      const entry = held.take();
      if (entry === undefined) break;
      this.#running++;
      const work = this.#begin(entry);
      if (work === undefined) this.#done();
      else work.catch(this.#group.report).finally(() => this.#done());
    }
    this.#pumping = false;
  }

  /** Resolves when no handler runs. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  #done(): void {
    this.#running--;
    this.#group.changed();
    this.pump();
    if (this.#running === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Returns nothing when it is done at once: most handlers of small work are, and a promise costs more than they. */
  #begin(entry: HeldEntry): Promise<void> | undefined {
    const { options } = this.#group;
    if (!certainlyOurs(entry.confirmedAt, performance.now(), options.claimIdleMs)) return this.#beginLater(entry);
    const record = entryRecord([entry.id, entry.fields]);
    const verdict = beforeHandling(entry.deliveries, record.event === undefined, options.maxDeliveries);
    if (verdict.do === "bury") {
      const detail = record.event === undefined ? record.error : `was delivered ${entry.deliveries - 1} times`;
      return this.#bury(entry, record, verdict.reason, detail);
    }
    try {
      const result = options.handle(record as StreamEvent, new HandlerDelivery(entry)) as
        | PromiseLike<unknown>
        | undefined;
      if (typeof result?.then === "function") return this.#finish(entry, record, result);
    } catch (error) {
      return this.#failed(entry, record, error);
    }
    this.#acknowledge(entry, "handled");
    return undefined;
  }

  /** Nothing is begun that another consumer may have by now: after a long stop, Redis is asked. */
  async #beginLater(entry: HeldEntry): Promise<void> {
    const { held, options, stopping, trouble } = this.#group;
    const unsure = () => !certainlyOurs(entry.confirmedAt, performance.now(), options.claimIdleMs);
    while (unsure() && held.has(entry) && !stopping.aborted) {
      try {
        await this.#heart.confirm([entry]);
      } catch (error) {
        await trouble(error);
        await new Bell().wait(options.heartbeatMs, stopping);
      }
    }
    if (!held.has(entry)) return;
    if (stopping.aborted) await this.#release(entry);
    else await this.#begin(entry);
  }

  async #finish(entry: HeldEntry, record: EntryRecord, result: PromiseLike<unknown>): Promise<void> {
    try {
      await this.#inTime(entry, result);
    } catch (error) {
      return this.#failed(entry, record, error);
    }
    // Not ours any more: whoever has it decides.
    if (this.#group.held.has(entry)) this.#acknowledge(entry, "handled");
  }

  async #inTime(entry: HeldEntry, result: PromiseLike<unknown>): Promise<void> {
    const { handleTimeoutMs } = this.#group.options;
    if (handleTimeoutMs === Number.POSITIVE_INFINITY) {
      await result;
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const why = `[redis-stream] the handler was not done with ${entry.id} after ${handleTimeoutMs} ms`;
        const error = new LoopsError("LOOPS_HANDLER", why);
        abortHandler(entry, error);
        reject(error);
      }, timerMs(handleTimeoutMs));
    });
    try {
      await Promise.race([result, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #failed(entry: HeldEntry, record: EntryRecord, error: unknown): Promise<void> {
    const { held, counts, options, stopping, report } = this.#group;
    if (!held.has(entry)) return;
    // Told to stop, it did: that is no failure.
    if (stopping.aborted) return this.#release(entry);
    const next = afterFailure(entry.deliveries, options);
    const then = next.do === "retry" ? `again in ${next.pauseMs} ms` : "it is a dead letter";
    const what = `the handler failed at ${entry.id} of ${entry.stream} (delivery ${entry.deliveries}), ${then}`;
    report(new LoopsError("LOOPS_HANDLER", `[redis-stream] ${what}: ${detailOf(error)}`, { cause: error }));
    if (next.do === "bury") return this.#bury(entry, record, next.reason, detailOf(error));
    counts.retried++;
    await this.#giveBack(entry, next.pauseMs);
    this.#lookIn(next.pauseMs + 10);
  }

  /** For others, at once, and not counted as a delivery. */
  async #release(entry: HeldEntry): Promise<void> {
    this.#group.counts.released++;
    await this.#giveBack(entry, 0, entry.deliveries - 1);
  }

  /** Others can claim it after `pauseMs`. If Redis cannot be told, they can when it has been idle for long enough. */
  async #giveBack(entry: HeldEntry, pauseMs: number, deliveries = entry.deliveries): Promise<void> {
    const { held, commands, options, trouble } = this.#group;
    held.remove(entry);
    const idleMs = idleForPause(pauseMs, options.claimIdleMs);
    try {
      await commands.touch(entry.stream, [{ id: entry.id, idleMs, deliveries }]);
    } catch (error) {
      await trouble(error);
    }
  }

  /** First the dead letter, then the acknowledgement: what fails in between is put aside once more, never lost. */
  async #bury(entry: HeldEntry, record: EntryRecord, reason: DeadReason, detail: string): Promise<void> {
    const { options, commands, counts, deadLetterStream, consumer, report, held, stopping } = this.#group;
    const { stream, id: streamId } = entry;
    const deliveries = reason === "max_deliveries" ? entry.deliveries - 1 : entry.deliveries;
    const about = { reason, detail, stream, streamId, group: options.group, consumer, deliveries };
    const letter: DeadLetter = { record, ...about, at: new Date().toISOString() };
    try {
      if (deadLetterStream !== null) await commands.add(deadLetterStream, deadLetterFields(letter, entry.fields));
      await options.onDeadLetter?.(letter, { signal: handlerSignal(entry) });
    } catch (cause) {
      const why = `the dead letter ${streamId} of ${stream} could not be put aside: ${detailOf(cause)}`;
      report(new LoopsError("LOOPS_DEAD_LETTER", `[redis-stream] ${why}`, { cause }));
      if (!held.has(entry)) return;
      if (stopping.aborted) counts.released++;
      else counts.retried++;
      return this.#giveBack(entry, options.retry.maxMs);
    }
    if (held.has(entry)) this.#acknowledge(entry, "dead-letter");
  }

  #acknowledge(entry: HeldEntry, outcome: HeldEntry["outcome"]): void {
    this.#group.held.finish(entry, outcome);
    this.#acknowledger.add(entry, this.#ended);
  }
}

/** Makes its signal when that is first looked at: many handlers have no use for it. */
class HandlerDelivery implements Delivery {
  readonly #entry: HeldEntry;
  readonly deliveries: number;
  readonly streamId: string;
  readonly stream: string;

  constructor(entry: HeldEntry) {
    this.#entry = entry;
    this.deliveries = entry.deliveries;
    this.streamId = entry.id;
    this.stream = entry.stream;
  }

  get signal(): AbortSignal {
    return handlerSignal(this.#entry);
  }
}
