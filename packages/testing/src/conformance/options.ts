import type { Bus, EventLog, OnError, Transport } from "@loops/core";

/** What is read back of an event: at least its `id`; with `roundTrip` all of its fields. */
export interface ObservedEvent {
  readonly id: string;
  readonly [field: string]: unknown;
}

export const faultNames = ["fail", "stall", "poison", "crash"] as const;

/** Kinds of trouble that the kit can order. */
export type FaultName = (typeof faultNames)[number];

/** Switches on the target behind a transport (a server, a file, a driver), never on the transport itself. */
export interface Faults {
  /** From now on each attempt fails at once: a full disk, a server that answers 503. */
  fail?(): void | Promise<void>;
  /** From now on an attempt neither succeeds nor fails: a server that has stopped to answer. */
  stall?(): void | Promise<void>;
  /** From now on the target refuses this one event for good, as it would a malformed one, and takes all others. */
  poison?(id: string): void | Promise<void>;
  /** Ends `fail` and `stall`. What hangs since `stall` ends now: it succeeds, or fails. Is called when nothing is wrong, too. */
  heal(): void | Promise<void>;
  /** Ends the transport as SIGKILL would: it gets no chance to write anything more. */
  crash?(): void | Promise<void>;
  /** After `crash`: a new transport on the same target, as a new process would make it. */
  reopen?(): Transport | Promise<Transport>;
}

/** A process of its own that writes to the target of a subject, until it is killed. */
export interface ChildScript {
  /** A JavaScript file that `node` can run: it makes a transport and hands it to `conformanceChild`. */
  readonly script: string | URL;
  /** What the script is called with, so that it finds the target: a path, a port. @default none */
  readonly args?: readonly string[] | undefined;
}

/** One transport to be tried, with its surroundings. Each check gets its own, and nothing is shared between two. */
export interface TransportSubject {
  /** Fresh: nobody has sent to it, and no bus has it yet. Do not wait until it is connected. The kit closes it. */
  readonly transport: Transport;
  /** What has really arrived at the target by now, in the order of arrival, and stays readable after close. */
  observe(): readonly ObservedEvent[] | Promise<readonly ObservedEvent[]>;
  readonly faults?: Faults | undefined;
  /** With the capability `killable`: writes to the same target, which `observe` reads. */
  readonly child?: ChildScript | undefined;
  /** With the capability `log`: reads what this transport is sent. Often the transport itself. */
  readonly log?: Pick<EventLog, "query" | "tail"> | undefined;
  /** Called last, whatever happened: removes files, ends servers. */
  cleanup?(): void | Promise<void>;
}

/** Bounds that `create` configures the transport with: small, so that a check can reach them. */
export interface TransportBounds {
  /** Events held at most; at least 100. */
  readonly maxQueueItems?: number | undefined;
  /** Bytes held at most; at least 32768, and 256 for each of `maxQueueItems`. */
  readonly maxQueueBytes?: number | undefined;
}

/** The log that `create` configures. */
export interface LogCapability {
  /** Entries kept at most, at least 1000; a log that trims in coarser steps may keep up to four times as many. */
  readonly maxEntries: number;
  /** Whether a gap in `tail` says how many are missing; if not, it says `null`. @default true */
  readonly countsMissed?: boolean | undefined;
}

/** What a transport claims to do. Checks that need more are not registered. */
export interface TransportCapabilities {
  /** It keeps what it could not deliver and tries again by itself. @default false */
  readonly queued?: boolean | undefined;
  /** What was flushed survives a kill. Proven with the fault `crash`, and with `killable`. @default false */
  readonly durable?: boolean | undefined;
  /** The faults that `create` can order; `crash` stands for `crash` and `reopen`. @default none */
  readonly faults?: readonly FaultName[] | undefined;
  readonly bounds?: TransportBounds | undefined;
  /** `observe` gives all fields back, unchanged. @default true */
  readonly roundTrip?: boolean | undefined;
  /** `observe` may run behind by so much, as a reader at the far end of a socket does. @default 0 */
  readonly observeLagMs?: number | undefined;
  /**
   * A JavaScript file that `node` can run: it sends some events through the transport, closes it, and then has nothing
   * left to do. It must not call `process.exit`.
   */
  readonly script?: string | URL | undefined;
  /** `create` returns `child`, which the kit may end with SIGKILL. @default false */
  readonly killable?: boolean | undefined;
  /** What was sent can be read again from a cursor: `create` returns `log`. @default none */
  readonly log?: LogCapability | undefined;
}

/** What the kit hands to `create`, for those that can use it. */
export interface Surroundings {
  /** The bus that the transport will be put on, for a sink that emits events itself. */
  readonly bus: Bus;
  /** For a transport with an `onError` option of its own: the kit then sees how often it is called. */
  readonly onError: OnError;
}

export interface ConformanceOptions {
  /** How the caller's runner registers a test. `(name, run) => test(name, { timeout: 20_000 }, run)` sets its options. */
  test(name: string, run: () => Promise<void>): unknown;
  /** Begins the name of each test. */
  readonly name: string;
  /** Makes one transport for one check. */
  create(surroundings: Surroundings): TransportSubject | Promise<TransportSubject>;
  /** @default none */
  readonly capabilities?: TransportCapabilities | undefined;
  /**
   * Checks that are known to fail, by id. They run all the same, and fail once the gap is closed, so that it is deleted
   * here.
   */
  readonly knownGaps?: readonly string[] | undefined;
  /** After so long a wait for what should come soon is given up. Below the time limit of the runner. @default 4000 */
  readonly patienceMs?: number | undefined;
  /** Repeats the random steps of a check that failed and named its seed. @default another one in each run */
  readonly seed?: number | undefined;
}
