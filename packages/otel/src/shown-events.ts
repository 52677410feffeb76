import type { LoopEvent } from "@loops/core";
import { attributeValue } from "./attribute-value.js";
import { EventFields } from "./event-fields.js";
import type { HeldEvent, HeldRun } from "./held-events.js";
import { resentAttributes } from "./span-attributes.js";
import { nameOf } from "./span-name.js";
import type { SpanNode, SpanOperations } from "./span-node.js";

/** Bounds of what one span shows. */
export interface ShownEventsOptions {
  /** UTF-16 units of one text. */
  readonly maxAttributeLength: number;
  /** Span events, lines of output among them. */
  readonly maxSpanEvents: number;
  readonly maxOutputLines: number;
  readonly maxOutputChars: number;
  /** Whether lines of output are shown at all. */
  readonly recordOutput: boolean;
}

/** Puts events on spans, or counts them there where a span has enough. */
export class ShownEvents {
  /** Events that a span only counts. */
  summarised = 0;
  readonly fields: EventFields;
  readonly #options: ShownEventsOptions;
  /** Of what is resent: a segment has room for its own events, too. */
  readonly #halfOptions: ShownEventsOptions;
  readonly #operations: SpanOperations;

  constructor(options: ShownEventsOptions, operations: SpanOperations) {
    const { maxSpanEvents, maxOutputLines, maxOutputChars } = options;
    this.fields = new EventFields(options.maxAttributeLength);
    this.#options = options;
    this.#halfOptions = {
      ...options,
      maxSpanEvents: Math.ceil(maxSpanEvents / 2),
      maxOutputLines: Math.ceil(maxOutputLines / 2),
      maxOutputChars: Math.ceil(maxOutputChars / 2),
    };
    this.#operations = operations;
  }

  put(node: SpanNode, event: LoopEvent, ms: number): void {
    if (this.#takes(node, event.event, event["line"], this.#options))
      this.#operations.event(node, nameOf(event.event, "event"), ms, this.fields.attributes(event));
  }

  /** An event of an earlier segment, to be put on a span later; `undefined` for one that is only to be counted. */
  toHold(event: LoopEvent, ms: number): HeldEvent | undefined {
    const { recordOutput, maxAttributeLength } = this.#options;
    if (event.event === "action_output" && !recordOutput) return undefined;
    const own = resentAttributes(event, recordOutput, maxAttributeLength) ?? this.fields.attributes(event);
    const run = attributeValue(event["run_id"], maxAttributeLength);
    return { name: event.event, ms, attributes: { ...own, "loops.run_id": run, "loops.resent": true } };
  }

  /** All that was held of a run, at the times at which it happened. */
  putHeld(node: SpanNode, { count, events, furtherLines, furtherEvents }: HeldRun): void {
    node.carried += count;
    node.droppedOutput += furtherLines;
    node.droppedEvents += furtherEvents;
    this.summarised += furtherLines + furtherEvents;
    for (const { name, ms, attributes } of events) {
      if (this.#takes(node, name, attributes["loops.line"], this.#halfOptions))
        this.#operations.event(node, name, ms, attributes);
    }
  }

  /** Says what a span only counted, before it ends. */
  sum(node: SpanNode): void {
    const { droppedOutput, droppedEvents } = node;
    if (droppedOutput > 0) this.#operations.amend(node, { "loops.dropped_output_lines": droppedOutput });
    if (droppedEvents > 0) this.#operations.amend(node, { "loops.dropped_events": droppedEvents });
  }

  /** Counts it where it does not. */
  #takes(node: SpanNode, name: string, line: unknown, bounds: ShownEventsOptions): boolean {
    if (name === "action_output" && !this.#takesLine(node, line, bounds)) node.droppedOutput++;
    else if (node.shown >= bounds.maxSpanEvents) node.droppedEvents++;
    else {
      node.shown++;
      return true;
    }
    this.summarised++;
    return false;
  }

  #takesLine(node: SpanNode, line: unknown, bounds: ShownEventsOptions): boolean {
    const { maxOutputLines, maxOutputChars, maxAttributeLength, recordOutput } = bounds;
    const chars = typeof line === "string" ? Math.min(line.length, maxAttributeLength) : 0;
    if (!recordOutput || node.outputLines >= maxOutputLines || node.outputChars + chars > maxOutputChars) return false;
    node.outputLines++;
    node.outputChars += chars;
    return true;
  }
}
