import { createBus } from "@loops/core";
import { defineLoop, type FsmEvent, memoryStore, runLoop } from "@loops/fsm";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { expect, it } from "vitest";
import { otelTransport } from "../src/index.js";

const definition = defineLoop({
  name: "fix",
  initial: "check",
  states: {
    check: { action: 'test "$LOOPS_ITERATION" -ge 3', on_yes: "done", on_no: "mend" },
    mend: { action: "true", next: "check" },
    done: { terminal: true },
  },
});

async function measured(use: (otel: ReturnType<typeof otelTransport>) => unknown): Promise<Record<string, MetricData>> {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const meterProvider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
  const otel = otelTransport({ tracerProvider: new BasicTracerProvider(), meterProvider });
  await use(otel);
  await otel.close();
  await meterProvider.forceFlush();
  const metrics =
    exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  await meterProvider.shutdown();
  return Object.fromEntries(metrics.map((metric) => [metric.descriptor.name, metric]));
}

const points = (metric: MetricData | undefined) =>
  metric?.dataPoints.map(({ attributes, value }) => ({ ...attributes, value }));

it("runs, iterations, verdicts and actions are counted, by loop and state", async () => {
  const metrics = await measured(async (otel) => {
    const bus = createBus<FsmEvent>();
    bus.addTransport(otel);
    await runLoop({ definition, bus, store: memoryStore() });
    await bus.flush();
  });
  const fix = { "loops.loop": "fix" };
  expect(points(metrics["loops.runs"])).toEqual([{ ...fix, "loops.terminated_by": "terminal", value: 1 }]);
  expect(points(metrics["loops.iterations"])).toEqual([
    { ...fix, "loops.state": "check", value: 2 },
    { ...fix, "loops.state": "mend", value: 1 },
  ]);
  expect(points(metrics["loops.verdicts"])).toContainEqual({
    ...fix,
    "loops.state": "check",
    "loops.verdict": "no",
    value: 1,
  });
  const duration = metrics["loops.action.duration"];
  expect(duration?.descriptor.unit).toBe("s");
  if (duration?.dataPointType !== DataPointType.HISTOGRAM) throw new Error("no histogram");
  expect(duration.dataPoints.map(({ attributes, value }) => [attributes["loops.state"], value.count])).toEqual([
    ["check", 2],
    ["mend", 1],
  ]);
  expect(duration.dataPoints[0]?.value.max).toBeLessThan(10);
});

it("a thousand names of states are 500 and other; runs have no attribute of their own", async () => {
  const metrics = await measured((otel) => {
    for (let n = 0; n < 1000; n++) {
      const fields = { ts: "", id: "", run_id: `R${n}`, loop: "fix" };
      otel.send({ event: "loop_start", ...fields });
      otel.send({ event: "state_enter", ...fields, state: `s${n}` });
      otel.send({ event: "loop_complete", ...fields, terminated_by: "terminal" });
    }
  });
  expect(metrics["loops.iterations"]?.dataPoints).toHaveLength(501);
  expect(points(metrics["loops.iterations"])).toContainEqual({
    "loops.loop": "fix",
    "loops.state": "other",
    value: 500,
  });
  expect(metrics["loops.runs"]?.dataPoints).toHaveLength(1);
});
