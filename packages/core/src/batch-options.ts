import type { RetryOptions } from "./backoff.js";
import type { EncodedEvent, LoopEvent } from "./event.js";
import type { OnError } from "./reporter.js";
import type { Deadline } from "./transport.js";

/** What `write` is told about the attempt. */
export interface WriteContext {
  /** Aborted when the attempt takes too long, or when the deadline of `close` passes. */
  readonly signal: AbortSignal;
  /** 0 for the first attempt at this batch, 1 for the first retry. */
  readonly attempt: number;
}

/** What happens to an event that finds the queue full. `flush-sync` needs `writeSync`. */
export type Overflow = "drop-newest" | "drop-oldest" | "flush-sync";

export interface BatchTransportOptions<T = string> {
  readonly name: string;
  /**
   * Writes one batch, in order. Returning nothing means done; a promise means one in flight, and no other batch is
   * written until it settles. Throws or rejects with a {@link DeliveryError} to say how it failed.
   */
  write(batch: readonly T[], context: WriteContext): void | Promise<void>;
  /** Writes one batch before it returns. With it the transport has `flushSync`, and loses nothing at `process.exit`. */
  writeSync?(batch: readonly T[]): void;
  /** What is kept of an event until it is written. @default its JSON text */
  prepare?(event: LoopEvent, encoded: EncodedEvent): T;
  /**
   * Bytes of an item, a number from 0. Needed where `prepare` gives no text: an item without a size is dropped
   * (`send-failed`) and reported. @default the UTF-8 length of a string
   */
  sizeOf?(item: T): number;
  /**
   * Releases what the sink holds. Called once, at the end of `close`, whatever was delivered, with what remains of its
   * deadline: `close` waits for it, so it has to keep to that.
   */
  close?(deadline: Deadline): void | Promise<void>;
  /** Is handed what was refused, or retried in vain, or left at the deadline of `close`. */
  onDeadLetter?(items: readonly T[], error: unknown): void;
  /**
   * How many of the items that were given up when the process ended are lost, because they are kept nowhere else. Only
   * those are told of on standard error. @default all
   */
  lostAtExit?(abandoned: number): number;
  /** @default 1000 */
  readonly maxBatchItems?: number | undefined;
  /** @default 65536 */
  readonly maxBatchBytes?: number | undefined;
  /** An event waits at most so long for its batch to fill. @default 1000 */
  readonly flushIntervalMs?: number | undefined;
  /** Events held at most, those in flight included. @default 10000 */
  readonly maxQueueItems?: number | undefined;
  /** Bytes held at most, those in flight included. @default 16777216 */
  readonly maxQueueBytes?: number | undefined;
  /** @default "drop-newest" */
  readonly overflow?: Overflow | undefined;
  readonly retry?: RetryOptions | undefined;
  /** One attempt takes at most so long; then it is aborted and counts as `retry`. @default 30000 */
  readonly writeTimeoutMs?: number | undefined;
  /** @default 10000 */
  readonly flushTimeoutMs?: number | undefined;
  /** @default 10000 */
  readonly closeTimeoutMs?: number | undefined;
  /** A process that just ends is kept alive for undelivered events at most so long. @default 10000 */
  readonly exitGraceMs?: number | undefined;
  /** @default the bus's `onError`; without a bus a process warning */
  readonly onError?: OnError | undefined;
}

/** What {@link batchTransport} takes: `sizeOf` may be left out only where items are text. */
export type BatchTransportGiven<T> = BatchTransportOptions<T> &
  ([T] extends [string] ? unknown : { sizeOf(item: T): number });

/** The numbers of {@link BatchTransportOptions} where none are given. */
export const batchDefaults = {
  maxBatchItems: 1000,
  maxBatchBytes: 65_536,
  flushIntervalMs: 1000,
  maxQueueItems: 10_000,
  maxQueueBytes: 16_777_216,
  writeTimeoutMs: 30_000,
  flushTimeoutMs: 10_000,
  closeTimeoutMs: 10_000,
  exitGraceMs: 10_000,
};
