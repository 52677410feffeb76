import {
  type BatchTransport,
  type BatchTransportGiven,
  batchTransport,
  createReporter,
  type Deadline,
  DeliveryError,
  type Due,
  type EncodedEvent,
  isLoopsError,
  type LoopEvent,
  type LoopsError,
  type Reporter,
  startDeadline,
  type TransportContext,
  type TransportStats,
  type WriteContext,
  warnOnError,
} from "@loops/core";
import type { BatchPoster } from "../batch-poster.js";
import type { KeepDeadLetters } from "../dead-letters.js";
import type { ResolvedSpool } from "../webhook-options.js";
import { HeldEvents, isUnwritten, sizeOf } from "./held-events.js";
import { Spool, type SpoolBatch, type SpooledEvent } from "./spool.js";
import { spoolDamaged, spoolFull, undelivered } from "./spool-errors.js";

type QueueOptions = Pick<
  BatchTransportGiven<SpooledEvent>,
  "name" | "flushIntervalMs" | "writeTimeoutMs" | "exitGraceMs" | "retry" | "onError"
>;

export interface SpooledDeliveryOptions extends QueueOptions {
  readonly maxBatchItems: number;
  readonly maxBatchBytes: number;
  readonly maxQueueItems: number;
  readonly maxQueueBytes: number;
  readonly flushTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly spool: ResolvedSpool;
  readonly poster: BatchPoster;
  readonly keep: KeepDeadLetters | undefined;
}

/** What `send` of the queue is called with: it takes the event of the spool instead. */
const unused: [LoopEvent, EncodedEvent] = [
  { event: "", ts: "", id: "" },
  { json: "", line: "", bytes: new Uint8Array() },
];

/**
 * Delivery by way of the disk: an event is appended to the spool before `send` returns, and a delivery queue of core
 * holds the next two batches of it in memory. What the queue has settled is settled in the spool.
 */
export class SpooledDelivery {
  readonly #options: SpooledDeliveryOptions;
  readonly #spool: Spool;
  readonly #queue: BatchTransport;
  readonly #reporter: Reporter;
  #report: (error: unknown) => void;
  readonly #held: HeldEvents;

  #received: number;
  readonly #dropped: Record<string, number> = {};
  /** Events on disk that are not in the queue, either not yet or not any more. */
  #behind: number;
  /** What `prepare` of the queue gives next. */
  #next: SpooledEvent | undefined;
  #started = false;
  /** Why nothing more is sent: the sink has disabled itself. */
  #halt: unknown;
  #closing: Promise<void> | undefined;
  #closed = false;

  /** @throws LoopsError `LOOPS_FILE_OWNED`, and what the file system reports */
  constructor(options: SpooledDeliveryOptions) {
    const { name, maxBatchItems, maxBatchBytes, maxQueueItems, maxQueueBytes, poster, keep, spool, ...rest } = options;
    this.#options = options;
    this.#spool = new Spool(spool);
    this.#received = this.#behind = this.#spool.found;
    this.#held = new HeldEvents(Math.min(maxQueueItems, 2 * maxBatchItems), Math.min(maxQueueBytes, 2 * maxBatchBytes));
    this.#reporter = createReporter(name, options.onError ?? warnOnError);
    this.#report = this.#reporter;
    this.#queue = batchTransport<SpooledEvent>({
      ...rest,
      name,
      maxBatchItems,
      maxBatchBytes,
      // Bounded here, where what finds no room is on disk.
      maxQueueItems: Number.POSITIVE_INFINITY,
      maxQueueBytes: Number.POSITIVE_INFINITY,
      prepare: () => this.#next as SpooledEvent,
      sizeOf,
      write: (events, context) => this.#write(events, context),
      onDeadLetter: (events, error) => this.#handedBack(events, error),
      lostAtExit: () => this.#dropUnwritten(),
    });
  }

  attach(context: TransportContext): void {
    if (this.#options.onError === undefined) this.#report = (error) => context.report(error);
    this.#queue.attach(context);
    this.#start();
  }

  send(encoded: EncodedEvent): void {
    this.#received++;
    if (this.#closing !== undefined) {
      this.#drop("closed");
      return;
    }
    this.#start();
    if (this.#spool.hasRoomFor(encoded.bytes.length)) {
      this.#accept(encoded);
    } else {
      this.#drop("spool-full");
      this.#report(spoolFull(this.#options.spool.maxBytes));
    }
  }

  async flush(deadline?: Deadline): Promise<void> {
    this.#start();
    await this.#drain(startDeadline(deadline, this.#options.flushTimeoutMs));
  }

  close(deadline?: Deadline): Promise<void> {
    this.#closing ??= this.#close(startDeadline(deadline, this.#options.closeTimeoutMs));
    return this.#closing;
  }

  stats(): TransportStats {
    const { delivered, dropped, queued, inFlight } = this.#queue.stats();
    const { skipped } = this.#options.poster;
    return {
      received: this.#received,
      delivered: delivered - skipped,
      dropped: { ...this.#dropped, ...(skipped > 0 && { skipped }) },
      queued,
      inFlight,
      // What the queue gave up at the end of the process is still on disk, but for what never was.
      spooled: this.#behind + (dropped["exit"] ?? 0) - (this.#dropped["exit"] ?? 0),
    };
  }

  /** Not before somebody listens to reports: begins with the batch that was on its way when the last process ended. */
  #start(): void {
    if (this.#started) return;
    this.#started = true;
    while (this.#spool.interruptedBytes > 0 && this.#readInto(Number.POSITIVE_INFINITY, this.#spool.interruptedBytes));
    // Ends the batch where it ended before, so that its id is the same.
    if (this.#held.items > 0) this.#queue.flush({ timeoutMs: 0 }).catch(ignoreTimeout);
    this.#refill();
  }

  #accept(encoded: EncodedEvent): void {
    const spool = this.#spool;
    const inOrder = spool.isRead && this.#halt === undefined && this.#held.hasRoom;
    try {
      spool.append(encoded.bytes);
    } catch (error) {
      // A disk that fails is no reason to lose what can be delivered.
      if (inOrder) this.#feed(spool.unwritten(encoded.json));
      else this.#drop("spool-failed");
      this.#report(error);
      return;
    }
    if (inOrder) {
      this.#feed(spool.take(encoded.json));
      return;
    }
    this.#behind++;
    if (this.#held.items === 0) this.#refill();
  }

  #write(events: readonly SpooledEvent[], context: WriteContext): Promise<void> | undefined {
    const [first, last] = [events[0] as SpooledEvent, events.at(-1) as SpooledEvent];
    if (first.start > this.#spool.done) {
      const message = "[webhook] earlier events were given up when the process was about to end; all stay in the spool";
      throw new DeliveryError(message, { kind: "disable" });
    }
    this.#tryDisk(() => this.#spool.markTaken(last.end));
    const posted = this.#options.poster.post(textsOf(events), context);
    if (posted === undefined) this.#settle(events);
    return posted?.then(() => {
      // An attempt that was given up in the meantime is made again.
      if (!context.signal.aborted) this.#settle(events);
    });
  }

  /** What the queue does not deliver: refused for good, or left over when it stopped, and then it stays in the spool. */
  #handedBack(events: readonly SpooledEvent[], error: unknown): void {
    const disabled = isLoopsError(error, "LOOPS_DELIVERY") && (error as DeliveryError).kind === "disable";
    if (disabled) this.#halt = error;
    if (!disabled && !isLoopsError(error, "LOOPS_CLOSE_TIMEOUT")) {
      this.#drop("dead-letter", events.length);
      try {
        this.#options.keep?.(textsOf(events), error);
      } finally {
        this.#settle(events);
      }
      return;
    }
    this.#held.release(events);
    const unwritten = events.filter(isUnwritten);
    this.#behind += events.length - unwritten.length;
    this.#drop(disabled ? "disabled" : "deadline", unwritten.length);
    if (unwritten.length > 0) this.#options.keep?.(textsOf(unwritten), error);
  }

  #settle(events: readonly SpooledEvent[]): void {
    this.#held.release(events);
    this.#tryDisk(() => this.#spool.settle((events.at(-1) as SpooledEvent).end));
    this.#refill();
  }

  /** At the end of the process: returns how many of those held are not on disk. */
  #dropUnwritten(): number {
    const count = this.#held.giveUpUnwritten();
    this.#drop("exit", count);
    return count;
  }

  /** Reads on once half of what may be held is settled. */
  #refill(): void {
    if (this.#closed || this.#halt !== undefined || !this.#started || !this.#held.isHalfEmpty) return;
    while (!this.#spool.isRead && this.#held.hasRoom) {
      if (!this.#readInto(this.#held.roomItems, this.#held.roomBytes)) return;
    }
  }

  /** `false` where the disk cannot be read now. */
  #readInto(maxItems: number, maxBytes: number): boolean {
    let batch: SpoolBatch | undefined;
    this.#tryDisk(() => {
      batch = this.#spool.read(maxItems, maxBytes);
    });
    if (batch === undefined) return false;
    const { events, damaged } = batch;
    this.#behind -= damaged;
    this.#drop("spool-damaged", damaged);
    for (const event of events) {
      this.#behind--;
      this.#feed(event);
    }
    // Last: whoever is told may look at the accounts.
    if (damaged > 0) this.#report(spoolDamaged(damaged));
    return true;
  }

  #feed(event: SpooledEvent): void {
    this.#held.add(event);
    this.#next = event;
    this.#queue.send(...unused);
    this.#next = undefined;
  }

  /** Waits until all that was in the spool at the call is settled. */
  async #drain(due: Due): Promise<void> {
    const target = this.#spool.end;
    let incomplete: unknown;
    do {
      this.#refill();
      const { queued, inFlight } = this.#queue.stats();
      // Nothing is on its way, and nothing more comes: the disk cannot be read, or the end of the process was near.
      if (queued + inFlight === 0 && this.#spool.done < target) throw this.#undrained();
      try {
        await this.#queue.flush(due.remaining());
      } catch (error) {
        if (!isLoopsError(error, "LOOPS_FLUSH_INCOMPLETE")) throw this.#undrained();
        incomplete ??= error;
      }
      if (this.#halt !== undefined) throw this.#undrained();
    } while (this.#spool.done < target);
    if (incomplete !== undefined) throw incomplete;
  }

  async #close(due: Due): Promise<void> {
    this.#start();
    try {
      await this.#drain(due);
    } catch {
      // What is left stays in the spool, and is told by `stats`.
    }
    this.#closed = true;
    await this.#queue.close({ timeoutMs: 0 });
    this.#tryDisk(() => this.#spool.close());
    this.#reporter.end();
  }

  /** Why a flush ends before everything is delivered. */
  #undrained(): LoopsError {
    const { queued, inFlight, spooled } = this.stats();
    return undelivered(queued + inFlight + spooled, this.#halt);
  }

  #drop(reason: string, count = 1): void {
    if (count > 0) this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count;
  }

  #tryDisk(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#report(error);
    }
  }
}

function textsOf(events: readonly SpooledEvent[]): string[] {
  return events.map(({ json }) => json);
}

function ignoreTimeout(error: unknown): void {
  if (!isLoopsError(error)) throw error;
}
