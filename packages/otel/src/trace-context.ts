import { createTraceState, isSpanContextValid, type SpanContext } from "@opentelemetry/api";
import type { SpanLink } from "./span-node.js";

const pattern = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/**
 * Reads W3C trace context. `undefined` for what is none.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function readTraceContext({ traceparent, tracestate }: SpanLink): SpanContext | undefined {
  const [, traceId = "", spanId = "", flags = ""] = pattern.exec(traceparent.trim()) ?? [];
  const context: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(tracestate && { traceState: createTraceState(tracestate) }),
  };
  return !traceparent.startsWith("ff") && isSpanContextValid(context) ? context : undefined;
}

/** Writes W3C trace context; `undefined` where there is no trace to join, because nobody records any. */
export function writeTraceContext(context: SpanContext): SpanLink | undefined {
  if (!isSpanContextValid(context)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = context;
  const traceparent = `00-${traceId}-${spanId}-${(traceFlags & 1).toString(16).padStart(2, "0")}`;
  const tracestate = traceState?.serialize();
  return { traceparent, tracestate: tracestate || undefined };
}
