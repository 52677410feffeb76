import type { BusOptions, BusReport, BusStats, Filter } from "./bus.js";
import { encodeEvent } from "./encode.js";
import { LoopsError } from "./errors.js";
import type { EventInput, LoopEvent } from "./event.js";
import { compileFilter } from "./glob.js";
import { isThenable, Lane, type SinkReport } from "./lane.js";
import { Ledger } from "./ledger.js";
import { withDefaults } from "./options.js";
import { createReporter, type OnError, warnOnError } from "./reporter.js";
import { stamp } from "./stamp.js";
import { type Deadline, isTransport, type Transport } from "./transport.js";

const busDefaults = {
  maxEventBytes: 4_194_304,
  maxNestedEmits: 100_000,
  maxQueueItems: 10_000,
  maxQueueBytes: 16_777_216,
  flushTimeoutMs: 10_000,
  closeTimeoutMs: 10_000,
  exitGraceMs: 10_000,
};

type Listener = (event: LoopEvent) => unknown;

interface Registration {
  readonly listener: Listener;
  readonly matches: ((name: string) => boolean) | undefined;
}

/** The one implementation of {@link Bus}. */
export class EventBus {
  readonly #options: BusOptions & typeof busDefaults;
  readonly #onError: OnError;
  readonly #report: (error: unknown) => void;

  // Both arrays are replaced, never changed: an event under way keeps the receivers it began with.
  #listeners: readonly Registration[] = [];
  #lanes: readonly Lane[] = [];
  /** Nobody listens: emit has nothing to do. */
  #unheard = true;
  #closed: Promise<BusReport> | undefined;

  #dispatching = false;
  #nested: LoopEvent[] = [];

  readonly #ledger = new Ledger();
  #listenerErrors = 0;

  constructor(options: BusOptions) {
    this.#options = withDefaults("bus", options, busDefaults);
    this.#onError = options.onError ?? warnOnError;
    this.#report = createReporter("bus", this.#onError);
  }

  emit(input: EventInput): void {
    if (this.#unheard) return;
    if (typeof input !== "object" || input === null)
      this.#refuse("invalid", `an event must be an object, not ${typeof input}`);
    else if (this.#closed !== undefined) this.#ledger.drop("closed");
    else if (this.#dispatching) this.#queueNested(input);
    else this.#dispatchAll(input);
  }

  on(filter: Filter | Listener, maybeListener?: Listener): () => void {
    const [matches, listener] =
      typeof filter === "function" ? [undefined, filter] : [compileFilter(filter), maybeListener];
    if (typeof listener !== "function") throw new LoopsError("LOOPS_CONFIG", "[bus] on needs a function to call");
    const registration = { listener, matches };
    this.#listeners = [...this.#listeners, registration];
    this.#unheard = false;
    return () => this.#remove(this.#listeners.indexOf(registration));
  }

  off(listener: Listener): void {
    this.#remove(this.#listeners.findIndex((registration) => registration.listener === listener));
  }

  addTransport(transport: Transport, { filter }: { readonly filter?: Filter | undefined } = {}): void {
    if (!isTransport(transport)) {
      throw new LoopsError("LOOPS_CONFIG", "[bus] a transport needs the functions send and close");
    }
    if (this.#closed !== undefined)
      throw new LoopsError("LOOPS_CLOSED", "[bus] is closed: add transports before close");
    const matches = filter === undefined ? undefined : compileFilter(filter);
    this.#lanes = [...this.#lanes, new Lane(transport, matches, { ...this.#options, onError: this.#onError })];
    this.#unheard = false;
  }

  async flush(deadline?: Deadline): Promise<BusReport> {
    // Called from inside a listener: the queued emits were accepted before, so they reach the sinks first.
    if (this.#dispatching) await undefined;
    return this.#all(deadline, this.#options.flushTimeoutMs, (lane, due) => lane.flush(due));
  }

  flushSync(): void {
    for (const lane of this.#lanes) lane.flushSync();
  }

  close(deadline?: Deadline): Promise<BusReport> {
    if (this.#closed === undefined) {
      const closeLanes = async () => {
        await undefined;
        return this.#all(deadline, this.#options.closeTimeoutMs, (lane, due) => lane.close(due));
      };
      this.#closed = closeLanes();
      this.#unheard = false;
    }
    return this.#closed;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  stats(): BusStats {
    return {
      received: this.#ledger.received,
      dropped: this.#ledger.dropped,
      listenerErrors: this.#listenerErrors,
      sinks: this.#lanes.map((lane) => ({ name: lane.name, ...lane.stats() })),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #dispatchAll(input: EventInput): void {
    this.#ledger.received++;
    this.#dispatching = true;
    try {
      this.#dispatch(stamp(input));
      if (this.#nested.length > 0) this.#drainNested();
    } catch (error) {
      // Receivers are isolated one by one; this is for what no code can foresee, such as an exhausted stack.
      this.#report(error);
    } finally {
      this.#dispatching = false;
    }
  }

  #dispatch(event: LoopEvent): void {
    const name = typeof event.event === "string" ? event.event : "";
    const listeners = this.#listeners;
    const lanes = this.#lanes;
    for (let i = 0; i < listeners.length; i++) {
      const { matches, listener } = listeners[i] as Registration;
      if (matches !== undefined && !matches(name)) continue;
      try {
        const result = listener(event);
        if (isThenable(result)) result.then(undefined, (error: unknown) => this.#listenerFailed(error));
      } catch (error) {
        this.#listenerFailed(error);
      }
    }
    if (lanes.length === 0) return;
    const encoded = encodeEvent(event, this.#options.maxEventBytes);
    for (let i = 0; i < lanes.length; i++) (lanes[i] as Lane).deliver(name, event, encoded);
  }

  #queueNested(input: EventInput): void {
    const { maxNestedEmits } = this.#options;
    if (this.#nested.length >= maxNestedEmits) {
      this.#refuse(
        "recursion",
        `over ${maxNestedEmits} emits from inside listeners or sinks: a loop that feeds itself?`,
      );
      return;
    }
    this.#ledger.received++;
    this.#nested.push(stamp(input));
  }

  #drainNested(): void {
    // The array grows while it is walked; it is emptied only at the end, so that its length counts the whole storm.
    for (let i = 0; i < this.#nested.length; i++) this.#dispatch(this.#nested[i] as LoopEvent);
    this.#nested = [];
  }

  #remove(index: number): void {
    if (index < 0) return;
    this.#listeners = this.#listeners.toSpliced(index, 1);
    this.#unheard = this.#listeners.length + this.#lanes.length === 0 && this.#closed === undefined;
  }

  async #all(
    deadline: Deadline | undefined,
    defaultMs: number,
    work: (lane: Lane, due: Deadline) => Promise<SinkReport>,
  ): Promise<BusReport> {
    const due = { timeoutMs: defaultMs, ...deadline };
    const sinks = await Promise.all(this.#lanes.map((lane) => work(lane, due)));
    return { ok: sinks.every((sink) => sink.ok), sinks };
  }

  #listenerFailed(error: unknown): void {
    this.#listenerErrors++;
    this.#report(error);
  }

  #refuse(reason: string, why: string): void {
    this.#ledger.drop(reason);
    this.#report(new LoopsError("LOOPS_EVENT_DROPPED", `[bus] ${why}`));
  }
}
