import { countDrop } from "./count-drop.js";
import { startDeadline } from "./deadline.js";
import { LoopsError } from "./errors.js";
import type { EncodedEvent, LoopEvent } from "./event.js";
import { type ExitHolder, guardClosed, guardOpen } from "./exit-guard.js";
import { createReporter, type OnError } from "./reporter.js";
import { isThenable } from "./thenable.js";
import type { Deadline, DropReason, Transport, TransportStats } from "./transport.js";

export interface LaneOptions {
  readonly maxQueueItems: number;
  readonly maxQueueBytes: number;
  readonly exitGraceMs: number;
  readonly onError: OnError;
  /** Delivers what the bus has accepted and not dispatched, when the process ends in the middle of it. */
  readonly handOver: () => void;
}

/** What one sink did with what it was given, after a flush or a close. */
export interface SinkReport extends TransportStats {
  readonly name: string;
  /** `flush`: all that was waiting at the call is delivered. `close`: all that the sink ever got. */
  readonly ok: boolean;
  /** Why it is not ok: a `LoopsError`, or what the transport's own `flush` or `close` threw, which may be anything. */
  readonly error?: unknown;
}

/**
 * The way of events from the bus to one transport: calls it, isolates it, counts for it. A transport whose `send`
 * returns a promise gets one event at a time; what comes meanwhile waits here, within bounds.
 */
export interface Lane extends ExitHolder {
  /** Never throws. */
  deliver(name: string, event: LoopEvent, encoded: EncodedEvent): void;
  /**
   * Waits for what the lane holds, then for the transport's own flush or close. `close` counts as dropped what is left
   * at the deadline. Never rejects.
   */
  finish(what: "flush" | "close", deadline: Deadline): Promise<SinkReport>;
  /** Never throws. */
  flushSync(): void;
  stats(): TransportStats & { readonly name: string };
}

/** A transport that ends by its deadline still has to say so. */
const slackMs = 100;

export function createLane(
  transport: Transport,
  matches: ((event: string) => boolean) | undefined,
  { maxQueueItems, maxQueueBytes, exitGraceMs, onError, handOver }: LaneOptions,
): Lane {
  const name = nameOf(transport);
  const report = createReporter(name, onError);
  const laneDropped: Record<string, number> = {};
  let received = 0;
  let delivered = 0;
  /** Events given to the transport. */
  let handed = 0;
  let queued = 0;
  let queuedBytes = 0;
  let inFlight = 0;
  /** Resolves when all that was accepted so far is settled. Each event that has to wait is chained to the one before. */
  let last: Promise<void> = Promise.resolve();
  /** Settles the send in flight for those who wait. */
  let release = () => {};
  /** How often the lane has given up: what began before one of these changes nothing any more. */
  let generation = 0;

  const fault = (code: string, what: string) => new LoopsError(`LOOPS_${code}`, `[${name}] ${what}`);

  const attempt = <T>(action: () => T): T | undefined => {
    try {
      return action();
    } catch (error) {
      report(error);
      return undefined;
    }
  };

  const drop = (reason: DropReason, error: unknown): void => {
    countDrop(laneDropped, reason);
    report(error);
  };

  const isBusy = () => queued + inFlight > 0;

  const deliver = (eventName: string, event: LoopEvent, encoded: EncodedEvent): void => {
    if (matches?.(eventName) === false) return;
    received++;
    if (!isBusy()) {
      const sent = send(event, encoded);
      if (sent !== undefined) last = sent;
    } else if (queued < maxQueueItems && queuedBytes + encoded.json.length <= maxQueueBytes) {
      const { length } = encoded.json;
      const kept = snapshot(event, encoded);
      const born = generation;
      queued++;
      queuedBytes += length;
      last = last.then(() => {
        if (born !== generation) return;
        queued--;
        queuedBytes -= length;
        return send(kept, encoded);
      });
    } else drop("overflow", fault("OVERFLOW", "queue full, events dropped: send is too slow"));
  };

  const send = (event: LoopEvent, encoded: EncodedEvent): Promise<void> | undefined => {
    handed++;
    inFlight = 1;
    try {
      const result: unknown = transport.send(event, encoded);
      if (isThenable(result)) {
        // The caller may change its object as soon as emit returns; what the sink reads later is what was emitted.
        void encoded.json;
        return settle(result);
      }
      inFlight = 0;
      delivered++;
    } catch (error) {
      inFlight = 0;
      drop("send-failed", error);
    }
    return undefined;
  };

  const settle = (sent: PromiseLike<unknown>): Promise<void> =>
    new Promise((resolve) => {
      const born = generation;
      const end = (count: () => void): void => {
        // An answer that comes after the lane has given up changes nothing.
        if (born !== generation) return;
        inFlight = 0;
        count();
        resolve();
      };
      release = resolve;
      Promise.resolve(sent).then(
        () => end(() => delivered++),
        (error) => end(() => drop("send-failed", error)),
      );
    });

  /** Drops what waits, and forgets the send in flight. Returns how many. */
  const giveUp = (reason: DropReason): number => {
    const count = queued + inFlight;
    // A transport with counts of its own still knows about the one in flight.
    countDrop(laneDropped, reason, transport.stats ? queued : count);
    generation++;
    queued = queuedBytes = inFlight = 0;
    release();
    return count;
  };

  const stats = () => {
    const dropped = { ...laneDropped };
    const own = attempt(() => transport.stats?.());
    if (typeof own?.received !== "number") return { name, received, delivered, dropped, queued, inFlight, spooled: 0 };
    // The transport counts what it was given; what never reached its own count was lost by a send that failed early.
    const uncounted = Math.min(dropped["send-failed"] ?? 0, Math.max(0, handed - own.received));
    delete dropped["send-failed"];
    for (const reason in own.dropped) countDrop(dropped, reason, own.dropped[reason]);
    countDrop(dropped, "send-failed", uncounted);
    return {
      name,
      ...own,
      received: own.received + uncounted + received - handed,
      dropped,
      queued: own.queued + queued,
    };
  };

  const finish = async (what: "flush" | "close", deadline: Deadline): Promise<SinkReport> => {
    const due = startDeadline(deadline, 0);
    const closing = what === "close";
    // An overflow while a flush waits concerns what came later. At the end everything counts.
    const concerned = () =>
      Object.values(stats().dropped).reduce((sum, count) => sum + count, closing ? 0 : -(laneDropped["overflow"] ?? 0));
    const before = closing ? 0 : concerned();
    let lost = 0;
    let error: unknown;
    const countLost = () => {
      lost = concerned() - before;
    };
    const within = async (work: Promise<unknown>, slack?: number) => {
      try {
        if (!(await due.wait(work, slack)))
          error ??= fault(`${what.toUpperCase()}_TIMEOUT`, `${what} reached its deadline`);
      } catch (cause) {
        error ??= cause;
      }
    };
    if (isBusy()) await within(last.then(countLost));
    if (closing) {
      giveUp("deadline");
      guardClosed(lane);
    }
    if (closing || error === undefined) await within((async () => transport[what]?.(due.remaining()))(), slackMs);
    if (closing) {
      countLost();
      report.end();
    }
    if (lost > 0) error ??= fault("FLUSH_INCOMPLETE", `${lost} events were dropped; stats() says why`);
    return { ok: error === undefined, ...stats(), ...(error !== undefined && { error }) };
  };

  const lane: Lane = {
    name,
    exitGraceMs,
    handOver,
    deliver,
    finish,
    flushSync: () => attempt(() => transport.flushSync?.()),
    stats,
    isBusy,
    settle: () => last,
    abandon: () => giveUp("exit"),
  };
  transport.attach?.({ report });
  guardOpen(lane);
  return lane;
}

/** The transport's name, else its constructor's, else `"transport"`. */
function nameOf({ name, constructor: made }: Transport): string {
  return name || (made !== Object && made?.name) || "transport";
}

/** An event that has to wait: itself if nobody can change it any more, else what was encoded of it. */
function snapshot(event: LoopEvent, encoded: EncodedEvent): LoopEvent {
  for (const key in event) if (Object(event[key]) === event[key]) return JSON.parse(encoded.json);
  return event;
}
