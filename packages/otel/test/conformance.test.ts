import { transportConformance } from "@loops/testing";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { test } from "vitest";
import { otelTransport } from "../src/otel-transport.js";
import { OtlpEndpoint } from "./fixtures/otlp-endpoint.js";
import type { ReceivedSpan } from "./fixtures/otlp-messages.js";

// The kit emits events of its own, which `otherEvents` makes spans of: then each event is a span that ends at once.

const bounds = { maxQueueItems: 200, maxQueueBytes: 262_144 };
const idOf = ({ attributes }: Pick<ReceivedSpan, "attributes">) => ({ id: String(attributes["loops.event.id"]) });
const script = new URL("./fixtures/ends-by-itself.mjs", import.meta.url);

transportConformance({
  test,
  name: "otel",
  capabilities: { queued: true, faults: ["fail", "stall", "poison"], bounds, roundTrip: false, script },
  async create({ onError }) {
    const endpoint = await OtlpEndpoint.start();
    const transport = otelTransport({
      endpoint: endpoint.url,
      otherEvents: "record",
      rootParent: "none",
      ...bounds,
      maxAttributeLength: 65_536,
      flushIntervalMs: 5,
      timeoutMs: 1000,
      retry: { maxRetries: Number.POSITIVE_INFINITY, baseMs: 10, maxMs: 50 },
      onError,
    });
    return {
      transport,
      observe: () => endpoint.spans.map(idOf),
      faults: {
        fail() {
          endpoint.status = 503;
        },
        stall() {
          endpoint.stalled = true;
        },
        poison(id) {
          endpoint.poisonous = (span) => idOf(span).id === id;
        },
        heal: () => endpoint.heal(),
      },
      cleanup: () => endpoint.close(),
    };
  },
});

transportConformance({
  test,
  name: "otel with the caller's provider",
  // Handing a span to a provider cannot fail or stall: what it does with it is its own business.
  capabilities: { roundTrip: false },
  create() {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const transport = otelTransport({ tracerProvider, otherEvents: "record", rootParent: "none" });
    return {
      transport,
      observe: () => exporter.getFinishedSpans().map((span) => idOf(span)),
      cleanup: () => tracerProvider.shutdown(),
    };
  },
});
