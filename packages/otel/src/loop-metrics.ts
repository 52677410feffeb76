import type { LoopEvent } from "@loops/core";
import type { Attributes, MeterProvider } from "@opentelemetry/api";
import { attr } from "./attribute-names.js";
import { outcomeOf } from "./outcome.js";

/** The instruments, by what they are called. Names and units as the semantic conventions want them. */
export const instruments = {
  runs: "loops.runs",
  iterations: "loops.iterations",
  verdicts: "loops.verdicts",
  actionDuration: "loops.action.duration",
} as const;

/** So many values of an attribute are told apart, and the others are `other`: each is kept for as long as the process lives. */
const maxValues = 500;

/** Counts what loops do, by names that somebody wrote into a definition: never by run. */
export class LoopMetrics {
  readonly #record: Record<keyof typeof instruments, (value: number, attributes: Attributes) => void>;
  readonly #seen = new Map<string, Set<string>>();

  constructor(provider: MeterProvider, version: string) {
    const meter = provider.getMeter("@loops/otel", version);
    const runs = meter.createCounter(instruments.runs, { unit: "{run}", description: "Runs that ended, or were left" });
    const iterations = meter.createCounter(instruments.iterations, {
      unit: "{iteration}",
      description: "States entered",
    });
    const verdicts = meter.createCounter(instruments.verdicts, { unit: "{verdict}", description: "Verdicts given" });
    const duration = meter.createHistogram(instruments.actionDuration, {
      unit: "s",
      description: "How long actions took",
      advice: { explicitBucketBoundaries: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600] },
    });
    this.#record = {
      runs: (value, attributes) => runs.add(value, attributes),
      iterations: (value, attributes) => iterations.add(value, attributes),
      verdicts: (value, attributes) => verdicts.add(value, attributes),
      actionDuration: (value, attributes) => duration.record(value, attributes),
    };
  }

  /** @param state that the event's run is in */
  count(event: LoopEvent, state: string | undefined): void {
    const { duration_ms: durationMs, verdict } = event;
    switch (event.event) {
      case "state_enter":
        this.#record.iterations(1, this.#attributes(event, event["state"]));
        break;
      case "evaluate":
        this.#record.verdicts(1, {
          ...this.#attributes(event, state),
          [attr.verdict]: this.#value(attr.verdict, verdict),
        });
        break;
      case "action_complete":
        if (typeof durationMs !== "number" || !(durationMs >= 0)) break;
        this.#record.actionDuration(durationMs / 1000, this.#attributes(event, state));
        break;
      case "loop_complete":
        this.#record.runs(1, {
          [attr.loop]: this.#loop(event),
          [attr.terminatedBy]: this.#value(attr.terminatedBy, outcomeOf(event)),
        });
    }
  }

  #attributes(event: LoopEvent, state: unknown): Attributes {
    return { [attr.loop]: this.#loop(event), [attr.state]: this.#value(attr.state, state) };
  }

  #loop(event: LoopEvent): string {
    return this.#value(attr.loop, event["loop"] ?? event["loop_name"]);
  }

  #value(name: string, value: unknown): string {
    if (typeof value !== "string" || value === "") return "unknown";
    let seen = this.#seen.get(name);
    if (seen === undefined) {
      seen = new Set();
      this.#seen.set(name, seen);
    }
    if (!seen.has(value) && (seen.size >= maxValues || value.length > 200)) return "other";
    seen.add(value);
    return value;
  }
}
