import type { EventInput, LoopEvent, SinkReport, TransportStats } from "@loops/core";
import type { Random } from "../random.js";
import { nextTurn, type Outcome, outcomeOf, pollUntil } from "../wait.js";
import { KitBus } from "./kit-bus.js";
import type { FaultName, Faults, ObservedEvent, TransportCapabilities, TransportSubject } from "./options.js";
import { demand, NotTried, show, type ViolationOptions } from "./violation.js";

/** The state the target is in: as it should be, or with an ordered fault. */
export type Condition = "healthy" | "fail" | "stall";

export interface HarnessOptions {
  readonly capabilities: TransportCapabilities;
  readonly patienceMs: number;
  readonly random: Random;
}

/** What a check works with: one subject on a bus of its own. */
export class Harness implements HarnessOptions {
  readonly kit: KitBus;
  readonly subject: TransportSubject;
  readonly capabilities: TransportCapabilities;
  readonly patienceMs: number;
  readonly random: Random;
  /** The events as the transport was given them, in order. */
  readonly emitted: LoopEvent[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #patientUntil: number;

  constructor(kit: KitBus, subject: TransportSubject, options: HarnessOptions) {
    this.kit = kit;
    this.subject = subject;
    this.capabilities = options.capabilities;
    this.patienceMs = options.patienceMs;
    this.random = options.random;
    this.#patientUntil = performance.now() + options.patienceMs;
    // Listeners come before transports, so that this sees events no sink has touched.
    kit.bus.on((event) => {
      this.#numbers.set(event.id, this.emitted.length);
      this.emitted.push(event);
    });
    kit.bus.addTransport(subject.transport);
  }

  get bus(): KitBus["bus"] {
    return this.kit.bus;
  }

  /** What is left of the patience for the whole check: a lesson has to come before the time limit of the runner. */
  get leftMs(): number {
    return Math.max(50, this.#patientUntil - performance.now());
  }

  /** The faults that may be ordered. @throws NotTried if there is none */
  get faults(): Faults {
    const { faults } = this.subject;
    if (faults === undefined) throw new NotTried("create() returns the declared faults", "it returns no faults at all");
    return faults;
  }

  /** Healthy, then each declared fault that lasts. */
  get conditions(): readonly [Condition, ...Condition[]] {
    const declared = this.capabilities.faults ?? [];
    return ["healthy", ...(["fail", "stall"] as const).filter((fault) => declared.includes(fault))];
  }

  /** Ends what was ordered before. */
  async set(condition: Condition): Promise<void> {
    await this.subject.faults?.heal();
    if (condition !== "healthy") await this.order(condition);
  }

  /** @param id of the event that is meant, for `poison` */
  async order(fault: FaultName, id = ""): Promise<void> {
    const { faults } = this;
    const call = faults[fault];
    if (call === undefined) {
      throw new NotTried(`create() returns the declared fault "${fault}"`, `faults.${fault} is not there`);
    }
    await call.call(faults, id);
  }

  /** Lets nothing through to the target any more, so that events pile up. */
  async block(): Promise<void> {
    await this.order(this.capabilities.faults?.includes("stall") ? "stall" : "fail");
  }

  async heal(): Promise<void> {
    await this.faults.heal();
  }

  /** After a crash: a new transport on the same target, on a bus of its own. The caller closes it. */
  async reopen(): Promise<Harness> {
    const transport = await this.faults.reopen?.();
    if (transport === undefined) {
      throw new NotTried('create() returns faults.reopen beside the declared fault "crash"', "it is not there");
    }
    return new Harness(new KitBus(this.capabilities, this.patienceMs), { ...this.subject, transport }, this);
  }

  /** Emits `count` events in one go; returns their ids, and those of events that this caused. */
  emit(count: number, fields: Readonly<Record<string, unknown>> = {}): string[] {
    const first = this.emitted.length;
    for (let i = 0; i < count; i++) this.emitOne({ event: "conformance", n: first + i, ...fields });
    return this.emitted.slice(first).map((event) => event.id);
  }

  emitOne(event: EventInput): void {
    this.bus.emit(event);
  }

  /** The subject's accounts. */
  stats(): TransportStats {
    return this.bus.stats().sinks[0] ?? { received: 0, delivered: 0, dropped: {}, queued: 0, inFlight: 0, spooled: 0 };
  }

  /** Flushes through the bus, and says how the subject did. */
  async flush(timeoutMs: number = this.leftMs): Promise<SinkReport> {
    return reportOfSubject((await this.bus.flush({ timeoutMs })).sinks);
  }

  /** Closes through the bus, and says how the subject did. */
  async close(timeoutMs: number = this.leftMs): Promise<SinkReport> {
    return reportOfSubject((await this.bus.close({ timeoutMs })).sinks);
  }

  /** What has arrived by now; where the observer may lag, it gets that time to show all of `ids`. */
  async observe(ids: readonly string[] = []): Promise<readonly ObservedEvent[]> {
    return this.#observeFor(ids, this.capabilities.observeLagMs ?? 0);
  }

  /** What has arrived as soon as all of `ids` have, or when patience is over. */
  async observeEventually(ids: readonly string[]): Promise<readonly ObservedEvent[]> {
    return this.#observeFor(ids, this.leftMs);
  }

  /** What has arrived by now; where the observer may lag, it gets that time to show `count` different events. */
  async observeCount(count: number): Promise<readonly ObservedEvent[]> {
    const enough = (observed: readonly ObservedEvent[]) => new Set(observed.map(({ id }) => id)).size >= count;
    return (await pollUntil(() => this.#look(), enough, this.capabilities.observeLagMs ?? 0)).value;
  }

  /** How `work` ended, or that it had not when patience was over. */
  async outcome<T>(work: () => T | PromiseLike<T>): Promise<Outcome<T>> {
    return outcomeOf(work, this.leftMs);
  }

  /** Time for what is under way to come to light. */
  async turns(count = 3): Promise<void> {
    for (let i = 0; i < count; i++) await nextTurn();
  }

  /** Requires that each of `ids` is among `observed`. */
  requireArrived(
    ids: readonly string[],
    observed: readonly ObservedEvent[],
    expected: string,
    options: ViolationOptions = {},
  ): void {
    const missing = missingOf(ids, observed);
    const seen = () => `${missing.length} of ${ids.length} events are missing, ${this.numbersOf(missing)}`;
    demand(missing.length === 0, expected, seen, options);
  }

  /** The numbers of the emitted events among `observed`, in the order in which they arrived first. */
  firstArrivals(observed: readonly ObservedEvent[]): number[] {
    return [...new Set(observed.map((event) => this.numberOf(event.id)))].filter((number) => number >= 0);
  }

  /** The numbers in which events were emitted, for messages: "number 0, 3, 4". */
  numbersOf(ids: readonly string[]): string {
    const shown = ids.slice(0, 8).map((id) => this.numberOf(id));
    return `number ${shown.join(", ")}${ids.length > shown.length ? ", …" : ""}`;
  }

  /** -1 for an event that was never emitted. */
  numberOf(id: string): number {
    return this.#numbers.get(id) ?? -1;
  }

  async #observeFor(ids: readonly string[], timeoutMs: number): Promise<readonly ObservedEvent[]> {
    return (
      await pollUntil(
        () => this.#look(),
        (observed) => missingOf(ids, observed).length === 0,
        timeoutMs,
      )
    ).value;
  }

  async #look(): Promise<readonly ObservedEvent[]> {
    let observed: unknown;
    try {
      observed = await this.subject.observe();
    } catch (cause) {
      throw new NotTried("observe() says at any time what has arrived", `it threw ${show(cause)}`, { cause });
    }
    if (Array.isArray(observed)) return observed;
    throw new NotTried("observe() returns the list of the events that have arrived", `it returned ${show(observed)}`);
  }
}

/** Those of `ids` that are not among `observed`. */
export function missingOf(ids: readonly string[], observed: readonly ObservedEvent[]): string[] {
  const there = new Set(observed.map((event) => event.id));
  return ids.filter((id) => !there.has(id));
}

/** Where the order of emission is broken: the index of a number that is lower than the one before, or -1. */
export function disorderAt(numbers: readonly number[]): number {
  return numbers.findIndex((number, index) => index > 0 && number < (numbers[index - 1] ?? 0));
}

/** What {@link disorderAt} found, in words. */
export function describeDisorder(numbers: readonly number[], at: number): string {
  const around = numbers.slice(Math.max(0, at - 3), at + 3).join(", ");
  return `event ${numbers[at]} came after event ${numbers[at - 1]}: …, ${around}, …`;
}

function reportOfSubject(sinks: readonly SinkReport[]): SinkReport {
  const [report] = sinks;
  demand(report !== undefined, "the bus reports on the transport", "it does not know the transport");
  return report;
}
