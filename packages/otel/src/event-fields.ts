import type { LoopEvent } from "@loops/core";
import type { Attributes } from "@opentelemetry/api";
import { attr, detailPrefix, fieldPrefix } from "./attribute-names.js";
import { attributeValue, boundedText, type MutableAttributes } from "./attribute-value.js";

/** At most so many details of an evaluator, or fields of another event, are attributes. */
const maxOthers = 32;

/** Names that are not in a table are made once: so many are kept. */
const maxNames = 1000;

/** How the fields of one kind of event become attributes. */
class FieldNames {
  readonly #prefix: string;
  /** The attribute of a field; `""` for one that is none. */
  readonly #known: ReadonlyMap<string, string>;
  readonly #others = new Map<string, string>();

  constructor(prefix: string, names: Readonly<Record<string, string>>) {
    this.#prefix = prefix;
    // Which event it is, and which run it belongs to, is said by the spans.
    const envelope = ["event", "ts", "id", "run_id", "loop", "depth", "parent_run_id"].map(
      (field) => [field, ""] as const,
    );
    this.#known = new Map([...envelope, ...Object.entries(names)]);
  }

  attributes(event: LoopEvent, max: number): Attributes {
    const attributes: MutableAttributes = {};
    let others = 0;
    for (const field in event) {
      const known = this.#known.get(field);
      if (known === "") continue;
      const value = attributeValue(event[field], max);
      if (value === undefined) continue;
      if (known !== undefined) attributes[known] = value;
      else if (++others <= maxOthers) attributes[this.#nameOf(field)] = value;
    }
    return attributes;
  }

  #nameOf(field: string): string {
    const made = this.#others.get(field);
    if (made !== undefined) return made;
    const name = this.#prefix + boundedText(field, 64);
    if (this.#others.size < maxNames) this.#others.set(field, name);
    return name;
  }
}

/** The events that become span events. */
const spanEvents: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  evaluate: { type: attr.evaluator, verdict: attr.verdict },
  route: { from: attr.from, to: attr.to, reason: attr.reason },
  retry_exhausted: { state: attr.state, retries: attr.retries, next: attr.next },
  cycle_detected: { edge: attr.edge, from: attr.from, to: attr.to, count: attr.count, max: attr.max },
  handoff_detected: { state: attr.state, iteration: attr.iteration, continuation: attr.continuation },
  handoff_spawned: { pid: attr.successorPid, state: attr.state },
  action_output: { line: attr.line },
  action_in_doubt: { state: attr.state, action: attr.action, policy: attr.policy, orphan: attr.orphan },
};

/** The attributes of span events. One for each transport. */
export class EventFields {
  readonly #max: number;
  readonly #own = new Map(
    Object.entries(spanEvents).map(([event, names]) => [event, new FieldNames(detailPrefix, names)]),
  );
  readonly #other = new FieldNames(fieldPrefix, { id: attr.eventId });

  /** @param max UTF-16 units of one text */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether an event of that type becomes a span event. */
  has(event: string): boolean {
    return this.#own.has(event);
  }

  attributes(event: LoopEvent): Attributes {
    return (this.#own.get(event.event) ?? this.#other).attributes(event, this.#max);
  }
}
