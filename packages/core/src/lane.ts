import { startDeadline } from "./deadline.js";
import { LoopsError } from "./errors.js";
import type { EncodedEvent, LoopEvent } from "./event.js";
import { type ExitHolder, guardClosed, guardOpen, markBusy } from "./exit-guard.js";
import { countDrop, createLedger } from "./ledger.js";
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

/**
 * The way of events from the bus to one transport: calls it, isolates it, counts for it. A transport whose `send`
 * returns a promise gets one event at a time; what comes meanwhile waits here, within bounds.
 */
export interface Lane {
  readonly name: string;
  /** Never throws. */
  deliver(name: string, event: LoopEvent, encoded: EncodedEvent): void;
  /**
   * Waits for what the lane holds, then for the transport's own flush or close. `close` counts as dropped what is left
   * at the deadline. Never rejects.
   */
  finish(what: "flush" | "close", deadline: Deadline): Promise<SinkReport>;
  /** Never throws. */
  flushSync(): void;
  stats(): TransportStats;
}

/** A transport that ends by its deadline still has to say so. */
const slackMs = 100;

export function createLane(
  transport: Transport,
  matches: (event: string) => boolean,
  { maxQueueItems, maxQueueBytes, exitGraceMs, onError }: LaneOptions,
): Lane {
  const name = nameOf(transport);
  const report = createReporter(name, onError);
  const ledger = createLedger();
  const waiters = new Waiters();
  const waiting: { readonly event: LoopEvent; readonly encoded: EncodedEvent }[] = [];
  let waitingBytes = 0;
  /** Events taken, and of these the ones given to the transport. */
  let accepted = 0;
  let handed = 0;
  /** A promise of the transport's `send` is outstanding. */
  let busy = false;

  const fault = (code: string, what: string) => new LoopsError(`LOOPS_${code}`, `[${name}] ${what}`);

  const deliver = (eventName: string, event: LoopEvent, encoded: EncodedEvent): void => {
    if (!matches(eventName)) return;
    ledger.received++;
    if (!busy) {
      accepted++;
      send(event, encoded);
    } else if (waiting.length < maxQueueItems && waitingBytes + encoded.json.length <= maxQueueBytes) {
      accepted++;
      waitingBytes += encoded.json.length;
      waiting.push({ event: snapshot(event, encoded), encoded });
    } else {
      countDrop(ledger.dropped, "overflow");
      report(fault("OVERFLOW", "send is too slow and its queue is full: events are dropped"));
    }
  };

  const send = (event: LoopEvent, encoded: EncodedEvent): void => {
    const turn = ++handed;
    try {
      const result: unknown = transport.send(event, encoded);
      if (!isThenable(result)) {
        ledger.delivered++;
        return;
      }
      // The caller may change its object as soon as emit returns; what the sink reads later is what was emitted.
      void encoded.json;
      setBusy(true);
      const end = (settle: () => void) => {
        // An answer that comes after the lane has given up changes nothing.
        if (!busy || handed !== turn) return;
        settle();
        next();
      };
      result.then(
        () => end(() => ledger.delivered++),
        (error: unknown) => end(() => failed(error)),
      );
    } catch (error) {
      setBusy(false);
      failed(error);
    }
  };

  const failed = (error: unknown): void => {
    countDrop(ledger.dropped, "send-failed");
    waiters.countLost(1, accepted - waiting.length);
    report(error);
  };

  const next = (): void => {
    setBusy(false);
    while (!busy) {
      const first = waiting.shift();
      if (first === undefined) break;
      waitingBytes -= first.encoded.json.length;
      send(first.event, first.encoded);
    }
    wake();
  };

  const setBusy = (is: boolean): void => {
    busy = is;
    markBusy(holder, is);
  };

  // What is neither waiting nor in flight is settled: one in, one out, in order.
  const wake = (): void => waiters.settle(accepted - waiting.length + (busy ? 0 : 1));

  const waitForAll = (): Wait => {
    const wait = waiters.add(accepted);
    wake();
    return wait;
  };

  /** Drops what waits, and forgets the send in flight: its late answer changes nothing. Returns how many. */
  const giveUp = (reason: DropReason): number => {
    const count = waiting.length + (busy ? 1 : 0);
    // A transport with counts of its own still knows about the one in flight.
    countDrop(ledger.dropped, reason, transport.stats === undefined ? count : waiting.length);
    waiting.length = waitingBytes = 0;
    setBusy(false);
    waiters.countLost(count, 0);
    wake();
    return count;
  };

  const stats = (): TransportStats => {
    const { received, delivered } = ledger;
    const dropped = { ...ledger.dropped };
    const queued = waiting.length;
    let own: TransportStats | undefined;
    try {
      own = transport.stats?.();
    } catch (error) {
      report(error);
    }
    if (own === undefined) return { received, delivered, dropped, queued, inFlight: busy ? 1 : 0, spooled: 0 };
    // The transport counts what it was given; what never reached its own count was lost by a send that failed early.
    const uncounted = Math.min(dropped["send-failed"] ?? 0, Math.max(0, handed - own.received));
    delete dropped["send-failed"];
    for (const reason in own.dropped) countDrop(dropped, reason, own.dropped[reason]);
    countDrop(dropped, "send-failed", uncounted);
    return { ...own, received: own.received + uncounted + received - handed, dropped, queued: own.queued + queued };
  };

  const droppedInAll = (): number => Object.values(stats().dropped).reduce((sum, count) => sum + count, 0);

  const finish = async (what: "flush" | "close", deadline: Deadline): Promise<SinkReport> => {
    const due = startDeadline(deadline, 0);
    const wait = waitForAll();
    const closing = what === "close";
    let error: unknown;
    const within = async (work: Promise<unknown>, slack?: number) => {
      try {
        if (!(await due.wait(work, slack)))
          error ??= fault(`${what.toUpperCase()}_TIMEOUT`, `${what} reached its deadline`);
      } catch (cause) {
        error ??= cause;
      }
    };
    await within(wait.settled);
    if (closing) {
      giveUp("deadline");
      guardClosed(holder);
    }
    const before = droppedInAll();
    if (closing || error === undefined) await within((async () => transport[what]?.(due.remaining()))(), slackMs);
    wait.release();
    const lost = wait.lost + (closing ? droppedInAll() - before : 0);
    if (lost > 0) error ??= fault("FLUSH_INCOMPLETE", `${lost} events were dropped during ${what}`);
    return { name, ok: error === undefined, ...stats(), ...(error !== undefined && { error }) };
  };

  const holder: ExitHolder = { exitGraceMs, settle: () => waitForAll().settled, abandon: () => giveUp("exit") };
  transport.attach?.({ report });
  guardOpen();

  return {
    name,
    deliver,
    finish,
    flushSync() {
      try {
        transport.flushSync?.();
      } catch (error) {
        report(error);
      }
    },
    stats,
  };
}

/** The transport's name, else its constructor's, else `"transport"`. */
function nameOf(transport: Transport): string {
  const made = transport.constructor;
  return transport.name || (made === Object ? "" : made?.name) || "transport";
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** An event that has to wait: itself if nobody can change it any more, else what was encoded of it. */
function snapshot(event: LoopEvent, encoded: EncodedEvent): LoopEvent {
  for (const key in event) if (Object(event[key]) === event[key]) return JSON.parse(encoded.json);
  return event;
}
