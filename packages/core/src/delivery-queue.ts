import { backoffMs } from "./backoff.js";
import type { BatchTransportOptions } from "./batch-options.js";
import { BatchQueue } from "./batch-queue.js";
import { countDrop } from "./count-drop.js";
import { startDeadline } from "./deadline.js";
import { disposeOf } from "./disposition.js";
import { LoopsError } from "./errors.js";
import type { EncodedEvent, LoopEvent } from "./event.js";
import { type ExitHolder, guardClosed, guardOpen } from "./exit-guard.js";
import { createReporter, type Reporter, warnOnError } from "./reporter.js";
import { type ResolvedBatchOptions, resolveBatchOptions } from "./resolve-batch-options.js";
import { RetryPause } from "./retry-pause.js";
import { isThenable } from "./thenable.js";
import { after } from "./timer.js";
import type { Deadline, DropReason, TransportContext, TransportStats } from "./transport.js";
import { type Wait, Waiters } from "./waiters.js";
import { WriteAttempt } from "./write-attempt.js";

/**
 * The engine behind `batchTransport`: bounds, retry, flush and shutdown around a {@link BatchQueue}.
 * At most one attempt is under way, always at the head batch, so order is kept.
 */
export class DeliveryQueue<T> implements ExitHolder {
  readonly #options: ResolvedBatchOptions<T>["options"];
  readonly #resolved: ResolvedBatchOptions<T>;
  readonly #queue: BatchQueue<T>;
  readonly #reporter: Reporter;
  #report: (error: unknown) => void;

  #phase: "open" | "disabled" | "closed" = "open";
  #received = 0;
  #delivered = 0;
  readonly #dropped: Record<string, number> = {};
  readonly #waiters = new Waiters();

  /** The running attempt; another object means that a late answer is of no interest. */
  #attempt: WriteAttempt | undefined;
  /** Failed attempts at the head batch. */
  #failures = 0;
  /** What the last attempt failed with, while none has succeeded since. */
  failure: unknown;
  #syncing = false;
  #full: LoopsError | undefined;
  readonly #pause = new RetryPause(() => this.#pump());
  #interval: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(given: BatchTransportOptions<T>) {
    this.#resolved = resolveBatchOptions(given);
    this.#options = this.#resolved.options;
    const { maxBatchItems, maxBatchBytes } = this.#options;
    const { sizeOf, measure } = this.#resolved;
    this.#queue = new BatchQueue<T>({ maxBatchItems, maxBatchBytes, sizeOf, measure });
    this.#reporter = createReporter(given.name, given.onError ?? warnOnError);
    this.#report = this.#reporter;
    guardOpen(this);
  }

  attach(context: TransportContext): void {
    // The bus bounds the rate of what it is told; an own onError goes before it.
    if (this.#options.onError === undefined) this.#report = (error) => context.report(error);
  }

  send(event: LoopEvent, encoded: EncodedEvent): void {
    this.#received++;
    if (this.#phase !== "open") {
      countDrop(this.#dropped, this.#phase);
      return;
    }
    // The item bound comes first: an event that will be dropped need not be encoded.
    if (!this.#hasRoomFor(0)) {
      this.#overflow();
      return;
    }
    let item: T;
    let size: number;
    try {
      item = this.#resolved.prepare(event, encoded);
      size = this.#resolved.sizeOf(item);
      if (!(size >= 0 && size < Number.POSITIVE_INFINITY)) {
        throw new LoopsError("LOOPS_CONFIG", `[${this.name}] sizeOf must give the bytes of an item, not ${size}`);
      }
    } catch (error) {
      countDrop(this.#dropped, "send-failed");
      this.#report(error);
      return;
    }
    if (!this.#hasRoomFor(size)) {
      this.#overflow();
      return;
    }
    const queue = this.#queue;
    if (queue.push(item, size)) this.#pump();
    else if (queue.openItems === 1) {
      if (this.#interval === undefined) this.#interval = after(this.#options.flushIntervalMs, () => this.#flushOpen());
      else this.#interval.refresh();
    }
  }

  async flush(deadline?: Deadline): Promise<void> {
    const { name, flushTimeoutMs } = this.#options;
    const due = startDeadline(deadline, flushTimeoutMs);
    const wait = this.#hurry();
    const settled = await due.wait(wait.settled);
    wait.release();
    if (!settled) {
      const left = `${this.#queue.items} events undelivered; they stay queued`;
      throw new LoopsError("LOOPS_FLUSH_TIMEOUT", `[${name}] flush reached its deadline with ${left}`);
    }
    if (wait.lost > 0) {
      const message = `[${name}] ${wait.lost} events were dropped while flushing; stats() says why`;
      throw new LoopsError("LOOPS_FLUSH_INCOMPLETE", message);
    }
  }

  /** Writes everything queued, and what an attempt in flight may or may not write, before it returns. */
  flushSync(): void {
    const { writeSync } = this.#options;
    if (writeSync === undefined || this.#syncing) return;
    this.#syncing = true;
    this.#queue.seal();
    this.#attempt?.forget();
    try {
      while (this.#queue.sealed[0] !== undefined) {
        // An attempt like any other: what is sent from inside it waits, and nothing else writes the same batch.
        this.#attempt = new WriteAttempt(this.#failures);
        writeSync.call(this.#options, this.#queue.sealed[0].items);
        this.#attempt = undefined;
        this.#settleHead();
      }
    } catch (error) {
      this.#attempt = undefined;
      this.#failed(error);
      throw error;
    } finally {
      this.#syncing = false;
    }
  }

  close(deadline?: Deadline): Promise<void> {
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  stats(): TransportStats {
    const inFlight = this.#attempt === undefined ? 0 : (this.#queue.sealed[0]?.items.length ?? 0);
    return {
      received: this.#received,
      delivered: this.#delivered,
      dropped: { ...this.#dropped },
      queued: this.#queue.items - inFlight,
      inFlight,
      spooled: 0,
    };
  }

  get name(): string {
    return this.#options.name;
  }

  get exitGraceMs(): number {
    return this.#options.exitGraceMs;
  }

  isBusy(): boolean {
    return this.#queue.items > 0;
  }

  settle(): Promise<void> {
    return this.#hurry().settled;
  }

  tryFlushSync(): void {
    try {
      this.flushSync();
    } catch (error) {
      this.#report(error);
    }
  }

  abandon(): number {
    const count = this.#dropAll("exit", undefined);
    return this.#options.lostAtExit?.(count) ?? count;
  }

  async #close(deadline: Deadline | undefined): Promise<void> {
    const { name, closeTimeoutMs } = this.#options;
    const due = startDeadline(deadline, closeTimeoutMs);
    if (this.#phase === "open") this.#phase = "closed";
    const wait = this.#hurry();
    await due.wait(wait.settled);
    wait.release();
    this.#dropAll("deadline", new LoopsError("LOOPS_CLOSE_TIMEOUT", `[${name}] close reached its deadline`));
    clearTimeout(this.#interval);
    guardClosed(this);
    try {
      await this.#options.close?.(due.remaining());
    } finally {
      this.#reporter.end();
    }
  }

  /** Starts writing all that is held, and waits for it. */
  #hurry(): Wait {
    const wait = this.#waiters.add(this.#queue.next - 1);
    this.#flushOpen();
    this.#pause.cutShort();
    this.#settled();
    return wait;
  }

  #flushOpen(): void {
    if (this.#queue.seal()) this.#pump();
  }

  /** Writes sealed batches until one is in flight, a pause begins or none is left. */
  #pump(): void {
    const { sealed } = this.#queue;
    while (sealed[0] !== undefined && this.#attempt === undefined && !this.#pause.active) {
      this.#write(sealed[0].items);
    }
    if (sealed.length > 0) this.#queue.measureSealed();
  }

  #write(items: readonly T[]): void {
    const attempt = new WriteAttempt(this.#failures);
    this.#attempt = attempt;
    let result: unknown;
    try {
      result = this.#options.write(items, attempt);
    } catch (error) {
      this.#attempt = undefined;
      this.#failed(error);
      return;
    }
    if (!isThenable(result)) {
      this.#attempt = undefined;
      this.#settleHead();
      return;
    }
    const end = (settle: () => void) => {
      if (this.#attempt !== attempt) return;
      this.#attempt = undefined;
      attempt.forget();
      settle();
      this.#pump();
    };
    const { name, writeTimeoutMs } = this.#options;
    const late = new LoopsError("LOOPS_WRITE_TIMEOUT", `[${name}] a write took over ${writeTimeoutMs} ms`);
    attempt.limit(writeTimeoutMs, () => end(() => this.#failed(late)));
    Promise.resolve(result).then(
      () => end(() => this.#settleHead()),
      (error: unknown) => end(() => this.#failed(error)),
    );
  }

  #settleHead(): void {
    this.#delivered += this.#queue.shift()?.items.length ?? 0;
    this.#failures = 0;
    this.failure = undefined;
    this.#settled();
  }

  /** Decides what becomes of the head batch after a failed attempt. */
  #failed(error: unknown): void {
    this.failure = error;
    this.#report(error);
    const batch = this.#queue.sealed[0];
    if (batch === undefined) return;
    const next = disposeOf(batch.items, error, this.#failures < this.#resolved.retry.maxRetries);
    if (next.disable) {
      if (this.#phase === "open") this.#phase = "disabled";
      this.#dropAll("disabled", error);
      return;
    }
    this.#queue.shift();
    // The first number of the batch for all of its parts: too low at worst, so that a flush never ends early.
    for (const items of next.again.toReversed()) this.#queue.unshift(items, batch.first);
    this.#delivered += next.delivered.length;
    this.#waiters.countLost(next.deadLetters.length, batch.first);
    countDrop(this.#dropped, "dead-letter", next.deadLetters.length);
    this.#handOver(next.deadLetters, error);
    if (next.pause === false) this.#failures = 0;
    else this.#startPause(next.pause);
    this.#settled();
  }

  #handOver(items: readonly T[], error: unknown): void {
    if (items.length === 0) return;
    try {
      this.#options.onDeadLetter?.(items, error);
    } catch (cause) {
      this.#report(cause);
    }
  }

  #startPause(pause: true | number): void {
    this.#failures++;
    if (pause === true) this.#pause.begin(backoffMs(this.#failures, this.#resolved.retry), false);
    else this.#pause.begin(pause, true);
  }

  #hasRoomFor(size: number): boolean {
    return this.#fits(size) || (this.#options.overflow !== undefined && this.#makeRoom(size));
  }

  #fits(size: number): boolean {
    return this.#queue.items < this.#options.maxQueueItems && this.#queue.bytes + size <= this.#options.maxQueueBytes;
  }

  /** Makes room as `overflow` says; `false` if there is none to be made. */
  #makeRoom(size: number): boolean {
    const { overflow, maxQueueBytes } = this.#options;
    if (overflow === "flush-sync") this.tryFlushSync();
    if (overflow !== "drop-oldest" || size > maxQueueBytes) return this.#fits(size);
    const locked = this.#attempt === undefined ? 0 : 1;
    while (!this.#fits(size)) {
      const first = this.#queue.firstUnsettled;
      if (this.#queue.dropOldest(locked) === undefined) return false;
      this.#waiters.countLost(1, first);
      this.#overflow();
    }
    this.#settled();
    return true;
  }

  #overflow(): void {
    countDrop(this.#dropped, "overflow");
    const { name, maxQueueItems, maxQueueBytes } = this.#options;
    const full = `queue full, events dropped: over maxQueueItems ${maxQueueItems} or maxQueueBytes ${maxQueueBytes}`;
    // Made once: an error costs ten times what an event does, and an outage drops one event after the other.
    this.#full ??= new LoopsError("LOOPS_OVERFLOW", `[${name}] ${full}; raise them, or look why the sink is slow`);
    this.#report(this.#full);
  }

  /** Drops everything held; what an attempt in flight does from here on is of no interest. */
  #dropAll(reason: DropReason, error: unknown): number {
    this.#attempt?.forget();
    this.#attempt?.abort();
    this.#attempt = undefined;
    this.#pause.clear();
    this.#queue.seal();
    const handed = reason === "deadline" && this.#options.onDeadLetter !== undefined;
    let count = 0;
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      count += batch.items.length;
      countDrop(this.#dropped, handed ? "dead-letter" : reason, batch.items.length);
      this.#waiters.countLost(batch.items.length, batch.first);
      if (reason !== "exit") this.#handOver(batch.items, error);
    }
    if (count > 0 && error !== undefined) this.#report(error);
    this.#settled();
    return count;
  }

  /** Tells those who wait what is settled now. */
  #settled(): void {
    this.#waiters.settle(this.#queue.firstUnsettled);
  }
}
