import type { Bus, BusOptions, BusReport, Filter } from "./bus.js";
import { countDrop } from "./count-drop.js";
import { DEFAULT_MAX_EVENT_BYTES, encodeEvent } from "./encode.js";
import { LoopsError } from "./errors.js";
import type { EventInput, LoopEvent } from "./event.js";
import { compileFilter } from "./glob.js";
import { createLane, type Lane } from "./lane.js";
import { withDefaults } from "./options.js";
import { createReporter, warnOnError } from "./reporter.js";
import { stamp } from "./stamp.js";
import { isThenable } from "./thenable.js";
import { type Deadline, isTransport } from "./transport.js";

type Listener = (event: LoopEvent) => unknown;

interface Registration {
  readonly listener: Listener;
  readonly matches: (name: string) => boolean;
}

const busDefaults = {
  maxEventBytes: DEFAULT_MAX_EVENT_BYTES,
  maxNestedEmits: 100_000,
  maxQueueItems: 10_000,
  maxQueueBytes: 16_777_216,
  flushTimeoutMs: 10_000,
  closeTimeoutMs: 10_000,
  exitGraceMs: 10_000,
};

/** The one implementation of {@link Bus}. */
export function createEventBus(given: BusOptions): Bus {
  const onError = given.onError ?? warnOnError;
  const options = { ...withDefaults("bus", given, busDefaults), onError };
  const { maxEventBytes, maxNestedEmits } = options;
  const report = createReporter("bus", onError);
  const dropped: Record<string, number> = {};
  let received = 0;
  let listenerErrors = 0;

  // Both arrays are replaced, never changed: an event under way keeps the receivers it began with.
  let listeners: readonly Registration[] = [];
  let lanes: readonly Lane[] = [];
  /** Nobody listens: emit has nothing to do. */
  let unheard = true;
  let closing: Promise<BusReport> | undefined;
  /** The event under way; the sinks it goes to, and how many have it. */
  let current: LoopEvent | undefined;
  let sinks: readonly Lane[] = [];
  let nextLane = 0;
  /** Those emitted from inside it, and how many had their turn. */
  let nested: LoopEvent[] = [];
  let nextNested = 0;

  const accept = (input: EventInput): void => {
    if (typeof input !== "object" || input === null) refuse("invalid", `an event is an object, not ${typeof input}`);
    else if (bus.closed) countDrop(dropped, "closed");
    else if (!current) dispatchAll(input);
    else if (nested.length < maxNestedEmits) nested.push(stamp(input));
    else refuse("recursion", `over ${maxNestedEmits} emits from inside one: does a listener feed itself?`);
  };

  const refuse = (reason: string, why: string): void => {
    countDrop(dropped, reason);
    report(new LoopsError("LOOPS_EVENT_DROPPED", `[bus] ${why}`));
  };

  const dispatchAll = (first: EventInput): void => {
    try {
      dispatch(stamp(first));
      // The array grows while it is walked, and is emptied only at the end, so that its length counts the whole storm.
      while (nextNested < nested.length) dispatch(nested[nextNested++] as LoopEvent);
    } catch (error) {
      // Receivers are isolated one by one; this is for what no code can foresee, such as an exhausted stack.
      report(error);
    } finally {
      if (nextNested) nested = [];
      nextNested = 0;
      current = undefined;
    }
  };

  const dispatch = (event: LoopEvent): void => {
    received++;
    current = event;
    nextLane = 0;
    // The lanes of this event are fixed before the first listener may add one.
    sinks = lanes;
    const name = nameOf(event);
    for (const { matches, listener } of listeners) {
      if (!matches(name)) continue;
      try {
        const result = listener(event);
        if (isThenable(result)) result.then(undefined, listenerFailed);
      } catch (error) {
        listenerFailed(error);
      }
    }
    if (sinks.length) deliver(event, name);
  };

  const deliver = (event: LoopEvent, name: string): void => {
    const encoded = encodeEvent(event, maxEventBytes);
    while (nextLane < sinks.length) (sinks[nextLane++] as Lane).deliver(name, event, encoded);
  };

  /** A listener or sink has ended the process: what it cut off still goes to the sinks, which write it if they can. */
  const handOver = (): void => {
    for (let event = current; event; event = nested[nextNested++]) {
      deliver(event, nameOf(event));
      nextLane = 0;
    }
    current = undefined;
  };

  const listenerFailed = (error: unknown): void => {
    listenerErrors++;
    report(error);
  };

  const remove = (gone: Registration | undefined): void => {
    listeners = listeners.filter((registration) => registration !== gone);
    unheard = listeners.length + lanes.length === 0 && !bus.closed;
  };

  const finish = async (what: "flush" | "close", deadline: Deadline | undefined): Promise<BusReport> => {
    const due = { ...deadline, timeoutMs: deadline?.timeoutMs ?? options[`${what}TimeoutMs`] };
    // Called from inside a listener: the queued emits were accepted before, so they reach the sinks first.
    if (current) await undefined;
    const reports = await Promise.all(lanes.map((lane) => lane.finish(what, due)));
    return { ok: reports.every(({ ok }) => ok), sinks: reports };
  };

  const close = (deadline?: Deadline): Promise<BusReport> => {
    unheard = false;
    bus.closed = true;
    report.end();
    closing ??= finish("close", deadline);
    return closing;
  };

  const bus: Bus & { closed: boolean } = {
    // No getter, because V8 looks properties up by their names in a literal that has one.
    closed: false,
    // As short as can be, so that V8 inlines it where it has nothing to do.
    emit(input: EventInput) {
      if (!unheard) accept(input);
    },
    on(filter: unknown, handler?: unknown) {
      const listener = (handler ?? filter) as Listener;
      if (typeof listener !== "function") throw new LoopsError("LOOPS_CONFIG", "[bus] on needs a function");
      const registration = { listener, matches: compileFilter(handler === undefined ? undefined : (filter as Filter)) };
      listeners = [...listeners, registration];
      unheard = false;
      return () => remove(registration);
    },
    off: (listener) => remove(listeners.find((registration) => registration.listener === listener)),
    addTransport(transport, { filter } = {}) {
      if (!isTransport(transport)) throw new LoopsError("LOOPS_CONFIG", "[bus] a transport needs send and close");
      if (bus.closed) throw new LoopsError("LOOPS_CLOSED", "[bus] is closed: add transports before");
      lanes = [
        ...lanes,
        createLane(transport, filter === undefined ? undefined : compileFilter(filter), { ...options, handOver }),
      ];
      unheard = false;
    },
    flush: (deadline) => finish("flush", deadline),
    flushSync() {
      for (const lane of lanes) lane.flushSync();
    },
    close,
    stats: () => ({
      received,
      dropped: { ...dropped },
      listenerErrors,
      sinks: lanes.map((lane) => lane.stats()),
    }),
    // The report is of no use to `await using`.
    [Symbol.asyncDispose]: close as () => Promise<never>,
  };
  return bus;
}

const nameOf = ({ event }: LoopEvent): string => (typeof event === "string" ? event : "");
