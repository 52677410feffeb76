import {
  type Bus,
  createBus,
  type EventInput,
  type LoopEvent,
  type SinkReport,
  type TransportStats,
} from "@loops/core";
import { nextTurn, type Outcome, outcomeOf, pollUntil } from "../wait.js";
import type { FaultName, Faults, ObservedEvent, TransportCapabilities, TransportSubject } from "./options.js";
import { Violation } from "./violation.js";

/** The state the target is in: as it should be, or with an ordered fault. */
export type Condition = "healthy" | "fail" | "stall";

/** What a check works with: one subject on a bus of its own. */
export class Harness {
  readonly bus: Bus;
  readonly subject: TransportSubject;
  readonly capabilities: TransportCapabilities;
  readonly patienceMs: number;
  /** What was reported to the bus's `onError`. */
  readonly reported: unknown[] = [];
  /** The events as the transport was given them, in order. */
  readonly emitted: LoopEvent[] = [];

  constructor(subject: TransportSubject, capabilities: TransportCapabilities, patienceMs: number) {
    this.subject = subject;
    this.capabilities = capabilities;
    this.patienceMs = patienceMs;
    this.bus = createBus({
      ...capabilities.bounds,
      flushTimeoutMs: patienceMs,
      closeTimeoutMs: patienceMs,
      onError: (error) => this.reported.push(error),
    });
    // Listeners come before transports, so that this sees events no sink has touched.
    this.bus.on((event) => this.emitted.push(event));
    this.bus.addTransport(subject.transport);
  }

  /** The faults that may be ordered. @throws Violation if there is none of that name */
  get faults(): Faults {
    const { faults } = this.subject;
    if (faults === undefined)
      throw new Violation("create() returns the declared faults", "it returns no faults at all");
    return faults;
  }

  /** Healthy, then each declared fault that lasts. */
  get conditions(): readonly Condition[] {
    const declared = this.capabilities.faults ?? [];
    return ["healthy", ...(["fail", "stall"] as const).filter((fault) => declared.includes(fault))];
  }

  /** Ends what was ordered before. */
  async set(condition: Condition): Promise<void> {
    await this.subject.faults?.heal();
    if (condition !== "healthy") await this.order(condition);
  }

  async order(fault: FaultName): Promise<void> {
    const { faults } = this;
    const call = faults[fault];
    if (call === undefined) {
      throw new Violation(`create() returns the declared fault "${fault}"`, `faults.${fault} is not there`);
    }
    await call.call(faults);
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
    demand(
      transport !== undefined,
      'create() returns faults.reopen beside the declared fault "crash"',
      "it is not there",
    );
    return new Harness({ ...this.subject, transport }, this.capabilities, this.patienceMs);
  }

  /** Emits `count` events in one go; returns their ids. */
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
  async flush(timeoutMs: number = this.patienceMs): Promise<SinkReport> {
    return reportOfSubject((await this.bus.flush({ timeoutMs })).sinks);
  }

  /** Closes through the bus, and says how the subject did. */
  async close(timeoutMs: number = this.patienceMs): Promise<SinkReport> {
    return reportOfSubject((await this.bus.close({ timeoutMs })).sinks);
  }

  /** What has arrived by now; where the observer may lag, it gets that time to show all of `ids`. */
  async observe(ids: readonly string[] = []): Promise<readonly ObservedEvent[]> {
    return this.#observeFor(ids, this.capabilities.observeLagMs ?? 0);
  }

  /** What has arrived as soon as all of `ids` have, or when patience is over. */
  async observeEventually(ids: readonly string[]): Promise<readonly ObservedEvent[]> {
    return this.#observeFor(ids, this.patienceMs);
  }

  /** How `work` ended, or that it had not when patience was over. */
  async outcome<T>(work: () => T | PromiseLike<T>): Promise<Outcome<T>> {
    return outcomeOf(work, this.patienceMs);
  }

  /** Time for what is under way to come to light. */
  async turns(count = 3): Promise<void> {
    for (let i = 0; i < count; i++) await nextTurn();
  }

  /** Requires that each of `ids` is among `observed`. */
  requireArrived(ids: readonly string[], observed: readonly ObservedEvent[], expected: string): void {
    const there = new Set(observed.map((event) => event.id));
    const missing = ids.filter((id) => !there.has(id));
    demand(
      missing.length === 0,
      expected,
      () => `${missing.length} of ${ids.length} events are missing, ${this.numbersOf(missing)}`,
    );
  }

  /** The numbers in which events were emitted, for messages: "number 0, 3, 4". */
  numbersOf(ids: readonly string[]): string {
    const shown = ids.slice(0, 8).map((id) => this.numberOf(id));
    return `number ${shown.join(", ")}${ids.length > shown.length ? ", …" : ""}`;
  }

  /** -1 for an event that was never emitted. */
  numberOf(id: string): number {
    return this.emitted.findIndex((event) => event.id === id);
  }

  async #observeFor(ids: readonly string[], timeoutMs: number): Promise<readonly ObservedEvent[]> {
    const complete = (observed: readonly ObservedEvent[]) => {
      const there = new Set(observed.map((event) => event.id));
      return ids.every((id) => there.has(id));
    };
    return (await pollUntil(() => this.subject.observe(), complete, timeoutMs)).value;
  }
}

/** @throws Violation unless `condition` holds */
export function demand(condition: boolean, expected: string, seen: string | (() => string)): asserts condition {
  if (!condition) throw new Violation(expected, typeof seen === "string" ? seen : seen());
}

function reportOfSubject(sinks: readonly SinkReport[]): SinkReport {
  const [report] = sinks;
  demand(report !== undefined, "the bus reports on the transport", "it does not know the transport");
  return report;
}
