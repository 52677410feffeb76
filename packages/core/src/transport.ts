import type { EncodedEvent, LoopEvent } from "./event.js";

/** How long a wait may take. Both may be given: the first to come ends it. */
export interface Deadline {
  /** Milliseconds from the call. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Why events were dropped. A sink may add its own reasons; these are the ones core uses:
 *
 * | reason | meaning |
 * |---|---|
 * | `overflow` | the queue was full, by items or by bytes |
 * | `dead-letter` | refused, or retried as often as allowed |
 * | `send-failed` | `send` threw or rejected |
 * | `closed` | sent after `close` |
 * | `deadline` | still undelivered when the deadline of `close` passed |
 * | `exit` | still undelivered when the grace time at process exit passed |
 * | `disabled` | the sink had disabled itself |
 * | `recursion` | emitted by a storm of nested emits (bus only) |
 * | `invalid` | not an object (bus only) |
 */
export type DropReason =
  | "overflow"
  | "dead-letter"
  | "send-failed"
  | "closed"
  | "deadline"
  | "exit"
  | "disabled"
  | "recursion"
  | "invalid"
  | (string & {});

/**
 * What became of every event a transport was given. At every look
 * `received = delivered + sum(dropped) + queued + inFlight + spooled`.
 */
export interface TransportStats {
  readonly received: number;
  /** Acknowledged at the boundary that the sink's README states. */
  readonly delivered: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly queued: number;
  readonly inFlight: number;
  /** Kept on disk for later. */
  readonly spooled: number;
}

/** What the bus lends to a transport that is added to it. */
export interface TransportContext {
  /** Hands an error to the bus's `onError`, at a bounded rate. Never throws. */
  report(error: unknown): void;
}

/**
 * A sink for events. `{ send(event) {}, close() {} }` is a complete transport; the rest is optional.
 *
 * A `send` that returns a promise has one lane: the next send waits for it, in a bounded queue that the bus keeps.
 */
export interface Transport {
  /** @default the constructor's name, or `"transport"` */
  readonly name?: string | undefined;
  /** Called once when the bus takes the transport, before the first `send`. */
  attach?(context: TransportContext): void;
  send(event: LoopEvent, encoded: EncodedEvent): void | Promise<void>;
  /** Resolves when all that was sent before the call is delivered; rejects when it is not by the deadline. */
  flush?(deadline?: Deadline): Promise<void>;
  /** Delivers what is queued before it returns. Only where that can be honest. */
  flushSync?(): void;
  /** Delivers what is queued, or counts it as dropped, and releases every resource. Idempotent. */
  close(deadline?: Deadline): void | Promise<void>;
  /** Without it the bus keeps the counts. */
  stats?(): TransportStats;
}

/** Whether a value has the shape of a {@link Transport}: `send` and `close` are functions. */
export function isTransport(value: unknown): value is Transport {
  const { send, close } = (value ?? {}) as { send?: unknown; close?: unknown };
  return typeof send === "function" && typeof close === "function";
}

/** What a package's `createTransport(options, context)` is given by `wireTransports`. */
export interface WireContext {
  /** Absolute directory where sinks put their files. */
  readonly baseDir: string;
  /**
   * A configured path as absolute: relative ones lie below `baseDir`, and a first part `.ll` stands for it, so that
   * `.ll/events.sock` follows a base directory that was moved.
   */
  resolvePath(path: string): string;
  /** Says that something in the configuration was passed over. */
  warn(message: string): void;
}

/**
 * The factory each transport package exports for `wireTransports`. `options` is the package's section of the
 * configuration with its top-level keys in camelCase. `null` means: nothing to wire, and `warn` has said why.
 */
export type CreateTransport = (
  options: Readonly<Record<string, unknown>>,
  context: WireContext,
) => Transport | null | Promise<Transport | null>;
