import type { Deadline } from "@loops/core";
import { type EncodedEvent, type LoopEvent, LoopsError, startDeadline, type TransportStats } from "@loops/core";
import { Batch } from "./batch.js";
import type { Outbox } from "./outbox.js";
import { Part } from "./part.js";

/** A client that gets events as they are emitted. */
export interface Listener {
  readonly outbox: Outbox;
  /** @default all events */
  readonly matches?: ((name: string) => boolean) | undefined;
}

/** A flush under way: the batches that it waits for, and how many of their events were lost meanwhile. */
interface Waiter {
  readonly batches: Set<Batch>;
  lost: number;
  resolve(): void;
}

/** A turn's events go out together, unless there are more than these. */
const maxBatchEvents = 512;
const maxBatchUnits = 65_536;

const flushTimeoutMs = 10_000;

/**
 * Takes events and hands them to every listener, those of one turn together. Counts what became of each.
 *
 * An event is delivered when the operating system has taken it for every client that was there when it was emitted; so
 * at once where there is none. It is dropped when a client had no room for it, or was given up with it.
 */
export class Broadcast {
  readonly #listeners = new Set<Listener>();
  readonly #outstanding = new Set<Batch>();
  readonly #waiters = new Set<Waiter>();
  #texts: string[] = [];
  #names: string[] = [];
  #ids: string[] = [];
  #units = 0;
  #turnEnd: NodeJS.Immediate | undefined;
  #closed = false;
  #received = 0;
  #delivered = 0;
  readonly #dropped: Record<string, number> = {};

  add(listener: Listener): void {
    // What was emitted before it came is not for it.
    this.dispatch();
    this.#listeners.add(listener);
  }

  remove(listener: Listener): void {
    this.dispatch();
    this.#listeners.delete(listener);
  }

  send(event: LoopEvent, encoded: EncodedEvent): void {
    this.#received++;
    if (this.#closed) {
      this.#drop("closed", 1);
      return;
    }
    if (this.#listeners.size === 0) {
      this.#delivered++;
      return;
    }
    const { json } = encoded;
    this.#units += json.length;
    this.#names.push(event.event);
    this.#ids.push(event.id);
    if (this.#texts.push(json) === 1) this.#turnEnd = setImmediate(this.#onTurnEnd);
    else if (this.#texts.length >= maxBatchEvents || this.#units >= maxBatchUnits) this.dispatch();
  }

  readonly #onTurnEnd = (): void => {
    this.#turnEnd = undefined;
    this.dispatch();
  };

  /** Hands over what this turn has brought so far. */
  dispatch(): void {
    if (this.#texts.length === 0) return;
    if (this.#turnEnd !== undefined) {
      clearImmediate(this.#turnEnd);
      this.#turnEnd = undefined;
    }
    const batch = new Batch({ texts: this.#texts, names: this.#names, ids: this.#ids }, this.#onSettled);
    this.#texts = [];
    this.#names = [];
    this.#ids = [];
    this.#units = 0;
    this.#outstanding.add(batch);
    for (const listener of this.#listeners) deliver(batch, listener);
    // Its own share, which kept it open until every client had its own.
    batch.settle(undefined);
  }

  readonly #onSettled = (batch: Batch, lostBecause: string | undefined): void => {
    this.#outstanding.delete(batch);
    const { kept, events } = batch;
    this.#drop("overflow", events.texts.length - kept);
    if (lostBecause === undefined) this.#delivered += kept;
    else this.#drop(lostBecause, kept);
    for (const waiter of this.#waiters) {
      if (waiter.batches.delete(batch) && lostBecause !== undefined) waiter.lost += kept;
      if (waiter.batches.size === 0) {
        this.#waiters.delete(waiter);
        waiter.resolve();
      }
    }
  };

  #drop(reason: string, count: number): void {
    if (count > 0) this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count;
  }

  /**
   * Resolves when every client has taken what was sent before. Rejects with `LOOPS_FLUSH_INCOMPLETE` when one was given up
   * meanwhile, and with `LOOPS_FLUSH_TIMEOUT` when it takes longer than the deadline.
   */
  async flush(deadline?: Deadline): Promise<void> {
    this.dispatch();
    if (this.#outstanding.size === 0) return;
    const due = startDeadline(deadline, flushTimeoutMs);
    const waiter: Waiter = { batches: new Set(this.#outstanding), lost: 0, resolve: () => {} };
    const settled = new Promise<void>((resolve) => {
      waiter.resolve = resolve;
    });
    this.#waiters.add(waiter);
    const inTime = await due.wait(settled);
    this.#waiters.delete(waiter);
    if (!inTime) {
      const what = "flush reached its deadline: a client does not take its events; they stay queued";
      throw new LoopsError("LOOPS_FLUSH_TIMEOUT", `[socket] ${what}`);
    }
    if (waiter.lost > 0) {
      const what = `${waiter.lost} events were dropped while flushing: a client takes nothing; stats() says why`;
      throw new LoopsError("LOOPS_FLUSH_INCOMPLETE", `[socket] ${what}`);
    }
  }

  /** From now on events are counted as dropped. */
  close(): void {
    this.dispatch();
    this.#closed = true;
  }

  stats(): TransportStats {
    // A look settles the turn: what some client has no room for is dropped by now, not held.
    this.dispatch();
    let queued = 0;
    const dropped = { ...this.#dropped };
    for (const { kept, events } of this.#outstanding) {
      queued += kept;
      if (kept < events.texts.length) dropped["overflow"] = (dropped["overflow"] ?? 0) + events.texts.length - kept;
    }
    return { received: this.#received, delivered: this.#delivered, dropped, queued, inFlight: 0, spooled: 0 };
  }
}

function deliver(batch: Batch, { outbox, matches }: Listener): void {
  const { texts, names, ids } = batch.events;
  if (matches === undefined) {
    batch.expect();
    const taken = outbox.offer(batch.whole);
    if (taken < texts.length) lose(batch, taken, taken);
    return;
  }
  const places = [...names.keys()].filter((index) => matches(names[index] as string));
  if (places.length === 0) return;
  const chosen = (list: readonly string[]) => places.map((index) => list[index] as string);
  batch.expect();
  const taken = outbox.offer(new Part(chosen(texts), batch, chosen(ids)));
  if (taken < places.length) lose(batch, taken, places[taken] as number);
}

/** A client had no room for what lies in the batch from `place` on. */
function lose(batch: Batch, taken: number, place: number): void {
  batch.kept = Math.min(batch.kept, place);
  // Nothing of it waits there that could settle it.
  if (taken === 0) batch.settle(undefined);
}
