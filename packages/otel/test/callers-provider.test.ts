import { createBus, type LoopEvent } from "@loops/core";
import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { describe, expect, it } from "vitest";
import { otelTransport } from "../src/index.js";
import { OtlpEndpoint, treeOf } from "./fixtures/otlp-endpoint.js";

const base = { ts: "2026-01-31T12:00:00.250Z", run_id: "R", loop: "fix" };
const run: LoopEvent[] = [
  { event: "loop_start", id: "1", ...base },
  { event: "state_enter", id: "2", ...base, state: "a" },
  { event: "loop_complete", id: "3", ...base, terminated_by: "terminal" },
];

function inMemory() {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { exporter, tracerProvider };
}

describe("a provider of the caller", () => {
  it("O-1: gets the spans, whatever an endpoint is said to be", async () => {
    const { exporter, tracerProvider } = inMemory();
    const otel = otelTransport({ tracerProvider, endpoint: "http://127.0.0.1:1", serviceName: "other" });
    for (const event of run) otel.send(event);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["a", "fix"]);
    expect(otel.stats()).toMatchObject({ received: 3, delivered: 3, queued: 0, spans: { ended: 2 } });
    await otel.close();
  });

  it("O-17: is flushed at close, and never shut down: what the program does with it goes on", async () => {
    const endpoint = await OtlpEndpoint.start();
    const exporter = new OTLPTraceExporter({ url: `${endpoint.url}/v1/traces` });
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
    try {
      const bus = createBus();
      bus.addTransport(otelTransport({ tracerProvider, rootParent: "none" }));
      for (const event of run) bus.emit(event);
      expect(endpoint.spans).toEqual([]);
      const { ok } = await bus.flush();
      expect(ok).toBe(true);
      expect(treeOf(endpoint.spans)).toEqual(["fix OK", "  a"]);
      await bus.close();
      tracerProvider.getTracer("mine").startSpan("after").end();
      await tracerProvider.forceFlush();
      expect(endpoint.spans.map(({ name }) => name)).toContain("after");
    } finally {
      await tracerProvider.shutdown();
      await endpoint.close();
    }
  });

  it("O-17: gets open spans ended at close, marked, and no later than the time that the events tell", async () => {
    const { exporter, tracerProvider } = inMemory();
    const otel = otelTransport({ tracerProvider });
    for (const event of run.slice(0, 2)) otel.send(event);
    await otel.close();
    const spans = exporter.getFinishedSpans();
    expect(spans.map(({ attributes }) => attributes["loops.unfinished"])).toEqual([true, true]);
    const began = Date.parse(base.ts) / 1000;
    for (const { endTime } of spans) {
      expect(endTime[0]).toBeGreaterThanOrEqual(Math.floor(began));
      expect(endTime[0]).toBeLessThan(began + 20);
    }
  });

  it("is found behind the global one, and flushed there", async () => {
    const { tracerProvider } = inMemory();
    let flushes = 0;
    const { forceFlush } = tracerProvider;
    tracerProvider.forceFlush = (...args) => {
      flushes++;
      return forceFlush.apply(tracerProvider, args);
    };
    trace.setGlobalTracerProvider(tracerProvider);
    try {
      const otel = otelTransport({ tracerProvider: trace.getTracerProvider() });
      for (const event of run) otel.send(event);
      await otel.flush();
      expect(flushes).toBe(1);
      await otel.close();
    } finally {
      trace.disable();
    }
  });

  it("that cannot be flushed is left alone", async () => {
    const { exporter, tracerProvider } = inMemory();
    const otel = otelTransport({ tracerProvider: { getTracer: (...args) => tracerProvider.getTracer(...args) } });
    for (const event of run) otel.send(event);
    await otel.flush();
    await otel.close();
    expect(exporter.getFinishedSpans()).toHaveLength(2);
  });

  it("that hangs holds up neither flush nor close longer than their deadlines", async () => {
    const { tracerProvider } = inMemory();
    tracerProvider.forceFlush = () => new Promise(() => {});
    const otel = otelTransport({ tracerProvider });
    await expect(otel.flush({ timeoutMs: 20 })).rejects.toMatchObject({ code: "LOOPS_FLUSH_TIMEOUT" });
    await expect(otel.close({ timeoutMs: 20 })).rejects.toMatchObject({ code: "LOOPS_FLUSH_TIMEOUT" });
  });

  it("that throws harms nobody: its events count as send-failed", async () => {
    const errors: unknown[] = [];
    const broken = {
      getTracer: () => ({
        startSpan: () => {
          throw new Error("no spans today");
        },
      }),
    };
    const otel = otelTransport({ tracerProvider: broken as never, onError: (error) => errors.push(error) });
    for (const event of run) otel.send(event);
    expect(otel.stats()).toMatchObject({ received: 3, delivered: 0, dropped: { "send-failed": 3 } });
    expect(errors).toMatchObject([{ message: "no spans today" }]);
    await otel.close();
  });

  it("a child of a run whose spans had to be ended hangs below that all the same", async () => {
    const { exporter, tracerProvider } = inMemory();
    const otel = otelTransport({ tracerProvider, maxOpenRuns: 1 });
    otel.send({ event: "loop_start", id: "1", ...base, run_id: "C", parent_run_id: "P" });
    await otel.close();
    const [parent, child] = exporter.getFinishedSpans();
    expect(child?.parentSpanContext?.spanId).toBe(parent?.spanContext().spanId);
  });
});
