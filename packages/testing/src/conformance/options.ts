import { LoopsError, type Transport } from "@loops/core";

/** What is read back of an event: at least its `id`; with `roundTrip` all of its fields. */
export interface ObservedEvent {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** Kinds of trouble that the kit can order. */
export type FaultName = "fail" | "stall" | "crash";

/** Switches on the target behind a transport (a server, a file, a driver), never on the transport itself. */
export interface Faults {
  /** From now on each attempt fails at once: a full disk, a server that answers 503. */
  fail?(): void | Promise<void>;
  /** From now on an attempt neither succeeds nor fails: a server that has stopped to answer. */
  stall?(): void | Promise<void>;
  /** Ends `fail` and `stall`. What hangs since `stall` may succeed or fail now. Is called when nothing is wrong, too. */
  heal(): void | Promise<void>;
  /** Ends the transport as SIGKILL would: it gets no chance to write anything more. */
  crash?(): void | Promise<void>;
  /** After `crash`: a new transport on the same target, as a new process would make it. */
  reopen?(): Transport | Promise<Transport>;
}

/** One transport to be tried, with its surroundings. Each check gets its own, and nothing is shared between two. */
export interface TransportSubject {
  /** Fresh: nobody has sent to it, and no bus has it yet. The kit closes it. */
  readonly transport: Transport;
  /** What has really arrived at the target by now, in the order of arrival, and stays readable after close. */
  observe(): readonly ObservedEvent[] | Promise<readonly ObservedEvent[]>;
  readonly faults?: Faults | undefined;
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

/** What a transport claims to do. Checks that need more are not registered. */
export interface TransportCapabilities {
  /** It keeps what it could not deliver and tries again by itself. @default false */
  readonly queued?: boolean | undefined;
  /** What was flushed survives a kill. Proven with the fault `crash`. @default false */
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
}

export interface ConformanceOptions {
  /** How the caller's runner registers a test. `(name, run) => test(name, { timeout: 20_000 }, run)` sets its options. */
  test(name: string, run: () => Promise<void>): unknown;
  /** Begins the name of each test. */
  readonly name: string;
  /** Makes one transport for one check. */
  create(): TransportSubject | Promise<TransportSubject>;
  /** @default none */
  readonly capabilities?: TransportCapabilities | undefined;
  /**
   * Checks that are known to fail, by id. They run all the same, and fail once the gap is closed, so that it is deleted
   * here.
   */
  readonly knownGaps?: readonly string[] | undefined;
  /** After so long a wait for what should come soon is given up. Below the time limit of the runner. @default 4000 */
  readonly patienceMs?: number | undefined;
}

/** What a check asks for. `backlog` is `stall`, or `fail` for a queued sink; `fault` is any of them. */
export type Need =
  | FaultName
  | "fault"
  | "backlog"
  | "queued"
  | "durable"
  | "item-bound"
  | "byte-bound"
  | "round-trip"
  | "script";

const isMet: Record<Need, (capabilities: TransportCapabilities) => boolean> = {
  fail: ({ faults }) => faults?.includes("fail") === true,
  stall: ({ faults }) => faults?.includes("stall") === true,
  crash: ({ faults }) => faults?.includes("crash") === true,
  fault: (capabilities) => isMet.fail(capabilities) || isMet.stall(capabilities),
  backlog: (capabilities) => isMet.stall(capabilities) || (isMet.fail(capabilities) && isMet.queued(capabilities)),
  queued: ({ queued }) => queued === true,
  durable: ({ durable }) => durable === true,
  "item-bound": ({ bounds }) => bounds?.maxQueueItems !== undefined,
  "byte-bound": ({ bounds }) => bounds?.maxQueueBytes !== undefined,
  "round-trip": ({ roundTrip }) => roundTrip !== false,
  script: ({ script }) => script !== undefined,
};

/** Which of `needs` the capabilities do not meet. Pure. */
export function unmetNeeds(needs: readonly Need[], capabilities: TransportCapabilities): Need[] {
  return needs.filter((need) => !isMet[need](capabilities));
}

/** @throws LoopsError `LOOPS_CONFIG` for bounds that the checks cannot reach one by one */
export function requireUsableBounds(name: string, bounds: TransportBounds = {}): void {
  const { maxQueueItems: items = 100, maxQueueBytes: bytes = Number.POSITIVE_INFINITY } = bounds;
  if (items >= 100 && bytes >= 32_768 && bytes >= 256 * items) return;
  throw new LoopsError(
    "LOOPS_CONFIG",
    `[${name}] bounds of ${items} items and ${bytes} bytes are too small for the checks: ` +
      "give at least 100 items, 32768 bytes, and 256 bytes for each item",
  );
}
