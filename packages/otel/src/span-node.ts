import type { Attributes } from "@opentelemetry/api";

/** A span as the tree knows it: where it hangs, and what it carries. */
export interface SpanNode {
  readonly kind: "loop" | "state" | "action" | "event";
  /** The innermost span around it; `undefined` for the first of a trace. */
  readonly parent: SpanNode | undefined;
  name: string;
  startMs: number;
  /** Events of the bus that are accounted for with this span: those it shows, and those it only counts. */
  carried: number;
  /** Span events that it shows. */
  shown: number;
  outputLines: number;
  outputChars: number;
  droppedOutput: number;
  droppedEvents: number;
  /** What makes it a failure when it ends. */
  failure: Failure | undefined;
  /** Of whoever carries the operations out: what they have made for this span. */
  handle?: unknown;
}

/** Why a span is red. */
export interface Failure {
  /** Low in cardinality: `error.type`. */
  readonly type: string;
  /** The status message. */
  readonly message: string;
}

/** How a span ends. */
export type SpanEnd = "ok" | "unset" | Failure;

/** What is to be done to spans, in the order in which it is called. Times are milliseconds since 1970. */
export interface SpanOperations {
  /**
   * The span is going to be started, and somebody has to know its identity now. `startMs` is the present, not yet the
   * time of an event.
   */
  reserve(node: SpanNode): void;
  /** @param link `traceparent` of a span in another trace that this one goes on from */
  start(node: SpanNode, attributes: Attributes, link?: SpanLink): void;
  /** What is known of a started span only later. */
  amend(node: SpanNode, attributes: Attributes): void;
  /** The span goes on from another one, in whatever trace that is. */
  link(node: SpanNode, before: SpanLink | SpanNode): void;
  event(node: SpanNode, name: string, ms: number, attributes: Attributes): void;
  end(node: SpanNode, ms: number, how: SpanEnd): void;
  /** A span that was reserved, and never came to be. */
  discard(node: SpanNode): void;
}

/** The place of a span in another trace, as W3C trace context. */
export interface SpanLink {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

export function spanNode(
  kind: SpanNode["kind"],
  name: string,
  parent: SpanNode | undefined,
  startMs: number,
): SpanNode {
  return {
    kind,
    parent,
    name,
    startMs,
    carried: 0,
    shown: 0,
    outputLines: 0,
    outputChars: 0,
    droppedOutput: 0,
    droppedEvents: 0,
    failure: undefined,
    handle: undefined,
  };
}
