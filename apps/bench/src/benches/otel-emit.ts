import { createBus, type LoopEvent } from "@loops/core";
import { otelTransport } from "@loops/otel";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import type { Bench, Side } from "../bench.js";
import { otelRun } from "../otel-run.js";

export const otelEmit: Bench = {
  name: "otel-emit",
  what: "emit an event of a loop, as spans with a provider that keeps nothing; theirs: the same emit without that sink. It may cost 3,000 ns more",
  unit: "ns/op",
  bar: null,
  least: 3200,
  setup: () => ({ ours: emitting(true), theirs: emitting(false) }),
};

const events = otelRun("01KG0000000000000000000000");

function emitting(withSpans: boolean): Side {
  const bus = createBus();
  let sent = 0;
  bus.addTransport({ name: "count", send: () => void sent++, close() {} });
  if (withSpans) bus.addTransport(otelTransport({ tracerProvider: new BasicTracerProvider() }));
  return {
    run(iterations) {
      sent = 0;
      for (let i = 0; i < iterations; i++) bus.emit(events[i % events.length] as LoopEvent);
      return sent;
    },
  };
}
