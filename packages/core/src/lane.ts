import { type Due, startDeadline } from "./deadline.js";
import { LoopsError } from "./errors.js";
import type { EncodedEvent, LoopEvent } from "./event.js";
import { type ExitHolder, guardClosed, guardOpen, markBusy, markIdle } from "./exit-guard.js";
import { Ledger } from "./ledger.js";
import { createReporter, type OnError } from "./reporter.js";
import type { Deadline, DropReason, Transport, TransportStats } from "./transport.js";
import { type Wait, Waiters } from "./waiters.js";

export interface LaneOptions {
  readonly maxQueueItems: number;
  readonly maxQueueBytes: number;
  readonly exitGraceMs: number;
  readonly onError: OnError;
}

/** What one sink did with what it was given, after a flush or a close. */
export interface SinkReport extends TransportStats {
  readonly name: string;
  /** All that was accepted before the call is delivered, and nothing went wrong. */
  readonly ok: boolean;
  /** Why it is not ok. */
  readonly error?: unknown;
}

/** A transport that ends by its deadline still has to say so. */
const slackMs = 100;

interface Waiting {
  readonly event: LoopEvent;
  readonly encoded: EncodedEvent;
}

/**
 * The way of events from the bus to one transport: calls it, isolates it, counts for it. A transport whose `send`
 * returns a promise gets one event at a time; what comes meanwhile waits here, within bounds.
 */
export class Lane implements ExitHolder {
  readonly name: string;
  readonly #transport: Transport;
  readonly #matches: ((event: string) => boolean) | undefined;
  readonly #options: LaneOptions;
  readonly #report: (error: unknown) => void;

  readonly #ledger = new Ledger();
  /** Given to the transport. */
  #handed = 0;
  /** A promise of the transport's `send` is outstanding. */
  #busy = false;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** Events taken, to be sent at once or later. */
  #accepted = 0;
  readonly #waiters = new Waiters();

  constructor(transport: Transport, matches: ((event: string) => boolean) | undefined, options: LaneOptions) {
    this.#transport = transport;
    this.#matches = matches;
    this.#options = options;
    this.name = nameOf(transport);
    this.#report = createReporter(this.name, options.onError);
    transport.attach?.({ report: this.#report });
    guardOpen();
  }

  /** Never throws. */
  deliver(name: string, event: LoopEvent, encoded: EncodedEvent): void {
    if (this.#matches !== undefined && !this.#matches(name)) return;
    this.#ledger.received++;
    if (this.#busy) this.#enqueue(event, encoded);
    else {
      this.#accepted++;
      this.#send(event, encoded);
    }
  }

  /** Waits for the lane and for the transport's own flush. Never rejects. */
  async flush(deadline: Deadline): Promise<SinkReport> {
    const due = startDeadline(deadline, 0);
    const wait = this.#waitForAll();
    const reached = await due.wait(wait.settled);
    wait.release();
    if (!reached) return this.#reportOf(this.#late("flush"));
    const failure = await this.#within(due, "flush", async () => this.#transport.flush?.(due.remaining()));
    return this.#reportOf(failure ?? this.#lostError(wait.lost()));
  }

  /** Delivers what it can by the deadline, counts the rest as dropped, closes the transport. Never rejects. */
  async close(deadline: Deadline): Promise<SinkReport> {
    const due = startDeadline(deadline, 0);
    const wait = this.#waitForAll();
    await due.wait(wait.settled);
    this.#giveUp("deadline");
    wait.release();
    guardClosed(this);
    const droppedBefore = this.#droppedInAll();
    const failure = await this.#within(due, "close", async () => this.#transport.close(due.remaining()));
    return this.#reportOf(failure ?? this.#lostError(wait.lost() + this.#droppedInAll() - droppedBefore));
  }

  /** Never throws. */
  flushSync(): void {
    try {
      this.#transport.flushSync?.();
    } catch (error) {
      this.#report(error);
    }
  }

  stats(): TransportStats {
    const { received, delivered, dropped } = this.#ledger;
    const inFlight = this.#busy ? 1 : 0;
    const queued = this.#waiting.length;
    const own = this.#ownStats();
    if (own === undefined) return { received, delivered, dropped, queued, inFlight, spooled: 0 };
    // The transport counts what it was given; what never reached its own count was lost by a send that failed early.
    const uncounted = Math.min(dropped["send-failed"] ?? 0, Math.max(0, this.#handed - own.received));
    const merged = addCounts(own.dropped, { ...dropped, "send-failed": uncounted });
    return {
      ...own,
      received: own.received + uncounted + received - this.#handed,
      dropped: merged,
      queued: own.queued + queued,
    };
  }

  async drainForExit(): Promise<boolean> {
    const wait = this.#waitForAll();
    const settled = await startDeadline(undefined, this.#options.exitGraceMs).wait(wait.settled);
    wait.release();
    return settled;
  }

  flushForExit(): void {
    // A promise cannot be waited for at exit; the transport's own queue has its own guard.
  }

  abandon(): number {
    return this.#giveUp("exit");
  }

  #send(event: LoopEvent, encoded: EncodedEvent): void {
    const handed = ++this.#handed;
    try {
      const result: unknown = this.#transport.send(event, encoded);
      if (isThenable(result)) {
        // The caller may change its object as soon as emit returns; what the sink reads later is what was emitted.
        void encoded.json;
        this.#busy = true;
        markBusy(this);
        const end = (settle: () => void) => {
          // An answer that comes after the lane has given up changes nothing.
          if (!this.#busy || this.#handed !== handed) return;
          settle();
          this.#next();
        };
        result.then(
          () => end(() => this.#ledger.delivered++),
          (error: unknown) => end(() => this.#failed(error)),
        );
        return;
      }
      this.#ledger.delivered++;
    } catch (error) {
      this.#busy = false;
      this.#failed(error);
    }
  }

  #next(): void {
    this.#busy = false;
    while (!this.#busy) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) break;
      this.#waitingBytes -= waiting.encoded.json.length;
      this.#send(waiting.event, waiting.encoded);
    }
    if (!this.#busy) markIdle(this);
    this.#wake();
  }

  #enqueue(event: LoopEvent, encoded: EncodedEvent): void {
    const { maxQueueItems, maxQueueBytes } = this.#options;
    if (this.#waiting.length < maxQueueItems && this.#waitingBytes + encoded.json.length <= maxQueueBytes) {
      this.#waitingBytes += encoded.json.length;
      this.#accepted++;
      this.#waiting.push({ event: snapshot(event, encoded), encoded });
      return;
    }
    this.#ledger.drop("overflow");
    this.#report(
      new LoopsError(
        "LOOPS_OVERFLOW",
        `[${this.name}] its send is too slow: ${maxQueueItems} events or ${maxQueueBytes} bytes wait, newer ones are dropped`,
      ),
    );
  }

  #failed(error: unknown): void {
    this.#ledger.drop("send-failed");
    this.#waiters.countLost(1, this.#accepted - this.#waiting.length);
    this.#report(error);
  }

  #waitForAll(): Wait {
    const wait = this.#waiters.add(this.#accepted);
    this.#wake();
    return wait;
  }

  #wake(): void {
    // What is neither waiting nor in flight is settled: one in, one out, in order.
    this.#waiters.settle(this.#accepted - this.#waiting.length - (this.#busy ? 1 : 0) + 1);
  }

  /** Drops what waits, and forgets the send in flight: its late answer changes nothing. Returns how many. */
  #giveUp(reason: DropReason): number {
    let count = this.#waiting.length;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#ledger.drop(reason, count);
    if (this.#busy) {
      count++;
      this.#busy = false;
      markIdle(this);
      // A transport with counts of its own still knows about the one in flight.
      if (this.#ownStats() === undefined) this.#ledger.drop(reason);
    }
    this.#waiters.countLost(count, 0);
    this.#wake();
    return count;
  }

  #droppedInAll(): number {
    return Object.values(this.stats().dropped).reduce((sum, count) => sum + count, 0);
  }

  #ownStats(): TransportStats | undefined {
    try {
      return this.#transport.stats?.();
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  /** Runs one of the transport's own waits under the deadline; the error it ended with, or none. */
  async #within(due: Due, what: string, work: () => Promise<void>): Promise<unknown> {
    try {
      return (await due.wait(work(), slackMs)) ? undefined : this.#late(what);
    } catch (error) {
      return error;
    }
  }

  #late(what: string): LoopsError {
    const { queued, inFlight } = this.stats();
    return new LoopsError(
      `LOOPS_${what.toUpperCase()}_TIMEOUT`,
      `[${this.name}] ${what} reached its deadline: ${queued} queued, ${inFlight} in flight`,
    );
  }

  #lostError(lost: number): LoopsError | undefined {
    if (lost === 0) return undefined;
    return new LoopsError(
      "LOOPS_FLUSH_INCOMPLETE",
      `[${this.name}] ${lost} events were dropped while it was waited for`,
    );
  }

  #reportOf(error: unknown): SinkReport {
    return { name: this.name, ok: error === undefined, ...this.stats(), ...(error !== undefined && { error }) };
  }
}

/** The transport's name, else its constructor's, else `"transport"`. */
function nameOf(transport: Transport): string {
  const given = transport.name ?? transport.constructor?.name;
  return given === undefined || given === "" || given === "Object" ? "transport" : given;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

function addCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a };
  for (const [reason, count] of Object.entries(b)) if (count > 0) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

/** An event that has to wait: itself if nobody can change it any more, else what was encoded of it. */
function snapshot(event: LoopEvent, encoded: EncodedEvent): LoopEvent {
  for (const key in event) if (typeof event[key] === "object" && event[key] !== null) return JSON.parse(encoded.json);
  return event;
}
