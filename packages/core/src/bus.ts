import type { EventInput } from "./event.js";
import { createEventBus } from "./event-bus.js";
import type { SinkReport } from "./lane.js";
import type { OnError } from "./reporter.js";
import type { Deadline, Transport } from "./transport.js";

/** One glob or several on `event`; any match counts. `*` crosses dots. An empty list matches nothing. */
export type Filter = string | readonly string[];

export interface BusOptions {
  /** Is told what went wrong in sinks and listeners, at a bounded rate for each. @default a process warning */
  readonly onError?: OnError | undefined;
  /** Larger events become a stub that says so. In bytes of JSON. @default 4194304 */
  readonly maxEventBytes?: number | undefined;
  /** Emits from inside listeners and sinks during one outer emit; those above are dropped (`recursion`). @default 100000 */
  readonly maxNestedEmits?: number | undefined;
  /** For a transport whose `send` returns a promise: events that may wait for it. @default 10000 */
  readonly maxQueueItems?: number | undefined;
  /** The same in UTF-16 units of JSON. @default 16777216 */
  readonly maxQueueBytes?: number | undefined;
  /** @default 10000 */
  readonly flushTimeoutMs?: number | undefined;
  /** @default 10000 */
  readonly closeTimeoutMs?: number | undefined;
  /** A process that just ends is kept alive at most so long for a `send` that has not resolved. @default 10000 */
  readonly exitGraceMs?: number | undefined;
}

/** What became of every event the bus was given; for each sink the equation of `TransportStats` holds. */
export interface BusStats {
  /** Emitted while the bus was open and somebody was listening. */
  readonly received: number;
  /** Before any sink saw them: `closed`, `recursion`, `invalid`. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Listeners that threw or rejected. */
  readonly listenerErrors: number;
  readonly sinks: readonly Omit<SinkReport, "ok" | "error">[];
}

export interface BusReport {
  /** Every sink has delivered all that was waiting when `flush` was called; after `close`, all that it ever got. */
  readonly ok: boolean;
  readonly sinks: readonly SinkReport[];
}

export type AnyEvent = { readonly event: string };

/** What may be emitted on a bus of `E`: an event without what the bus stamps. */
export type Emittable<E extends AnyEvent> = E extends unknown
  ? { readonly [K in keyof E as K extends "ts" | "id" ? never : K]: E[K] } & {
      readonly ts?: string | undefined;
      readonly id?: string | undefined;
    }
  : never;

/** A filter that is no name. */
type Glob = `${string}${"*" | "?" | "["}${string}`;

/** What a listener may ask for: a name of `E`, so that a misspelt one does not compile, or a glob. */
export type FilterOf<E extends AnyEvent> = string extends E["event"] ? string : E["event"] | Glob;

/** What the bus has stamped. */
export interface Stamped {
  readonly ts: string;
  readonly id: string;
}

type WithName<E extends AnyEvent, N extends string> = E extends AnyEvent
  ? [Extract<E["event"], N>] extends [never]
    ? never
    : E
  : never;

/** What a listener for `N` is given: the events of those names, or any where one of `N` is a glob. */
export type Heard<E extends AnyEvent, N extends string> = Stamped &
  (string extends E["event"] ? E : [Exclude<N, E["event"]>] extends [never] ? WithName<E, N> : E);

/**
 * The event bus: one order for all, and no sink, listener or event can harm another or the caller.
 *
 * Code that only emits asks for `Pick<Bus, "emit">`: a `Bus<MyEvent>` is one, and no `Bus`.
 */
export interface Bus<E extends AnyEvent = EventInput> {
  /** Synchronous; never throws. An emit from inside a listener or sink is queued behind the current one. */
  emit(event: Emittable<E>): void;
  /** Calls `listener` for each event; returns what unregisters it, from the next event on. */
  on(listener: (event: E & Stamped) => unknown): () => void;
  on<const N extends FilterOf<E>>(filter: N | readonly N[], listener: (event: Heard<E, N>) => unknown): () => void;
  /** Removes the first registration of `listener`; unknown ones are ignored. */
  off(listener: (event: never) => unknown): void;
  /** Adds a sink. From now on the bus owns it, and closes it. @throws LoopsError `LOOPS_CONFIG`, `LOOPS_CLOSED` */
  addTransport(transport: Transport, options?: { readonly filter?: Filter | undefined }): void;
  /** Waits until every sink has delivered what was accepted before the call. Never rejects: the report says what is not. */
  flush(deadline?: Deadline): Promise<BusReport>;
  /** Delivers at once in the sinks that can. Never throws. */
  flushSync(): void;
  /** Closes all sinks side by side. Idempotent; never rejects and never hangs. */
  close(deadline?: Deadline): Promise<BusReport>;
  stats(): BusStats;
  readonly closed: boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a bus. `createBus<MyEvent>()` checks what is emitted and narrows listeners by `event`.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function createBus<E extends AnyEvent = EventInput>(options: BusOptions = {}): Bus<E> {
  return createEventBus(options) as unknown as Bus<E>;
}
