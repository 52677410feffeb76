import { encodeEvent, type LoopEvent } from "@loops/core";
import { otelTransport } from "@loops/otel";
import { type Attributes, ROOT_CONTEXT, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { BasicTracerProvider, type ReadableSpan, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Bench, Side } from "../bench.js";
import { otelRun, spansOfRun } from "../otel-run.js";

export const otelSpans: Bench = {
  name: "otel-spans",
  what: "show a loop of 26 events as 9 spans; theirs: the same spans by calls of the SDK written by hand, same kind of provider",
  unit: "op/s",
  bar: 0.85,
  setup: () => ({ ours: viaEvents(), theirs: byHand() }),
};

/** Keeps no span: counts what was ended, with what was recorded on it. */
class Counting implements SpanProcessor {
  ended = 0;
  recorded = 0;
  onStart() {}
  onEnd({ attributes, events }: ReadableSpan) {
    this.ended++;
    this.recorded += Object.keys(attributes).length + events.length;
  }
  async forceFlush() {}
  async shutdown() {}
}

const events = otelRun("01KG0000000000000000000000");
const encoded = encodeEvent(events[0] as LoopEvent);

function viaEvents(): Side {
  const counting = new Counting();
  const otel = otelTransport({ tracerProvider: new BasicTracerProvider({ spanProcessors: [counting] }) });
  return sideOf(counting, () => {
    for (const event of events) otel.send(event, encoded);
  });
}

function sideOf(counting: Counting, run: () => void): Side {
  return {
    run(iterations) {
      counting.ended = 0;
      counting.recorded = 0;
      for (let i = 0; i < iterations; i++) run();
      // The same attributes and events on both sides.
      return counting.recorded === iterations * recordedOfRun
        ? counting.ended / spansOfRun
        : counting.recorded / iterations;
    },
  };
}

/** Loop: 6 attributes. Each state: 5 attributes, 2 events. Each action: 7 attributes, 1 event. */
const recordedOfRun = 6 + 4 * (5 + 2) + 4 * (7 + 1);

/** What somebody would write who has the events at hand: a time for each, typed attributes, explicit parents. */
function byHand(): Side {
  const counting = new Counting();
  const tracer = new BasicTracerProvider({ spanProcessors: [counting] }).getTracer("by-hand", "1.0.0");
  return sideOf(counting, () => traceRun(tracer, events));
}

function traceRun(tracer: Tracer, run: readonly LoopEvent[]): void {
  let around = ROOT_CONTEXT;
  let inLoop = ROOT_CONTEXT;
  let loop: ReturnType<Tracer["startSpan"]> | undefined;
  let state: ReturnType<Tracer["startSpan"]> | undefined;
  let action: ReturnType<Tracer["startSpan"]> | undefined;
  let stateName: unknown;
  for (const event of run) {
    const startTime = Date.parse(event.ts);
    const own: Attributes = { "loops.run_id": event["run_id"] as string, "loops.loop": event["loop"] as string };
    switch (event.event) {
      case "loop_start":
        loop = tracer.startSpan("fix", { startTime, attributes: { ...own, "loops.depth": 0 } }, ROOT_CONTEXT);
        inLoop = trace.setSpan(ROOT_CONTEXT, loop);
        break;
      case "state_enter":
        state?.end(startTime);
        stateName = event["state"];
        state = tracer.startSpan(
          String(stateName),
          {
            startTime,
            attributes: { ...own, "loops.state": String(stateName), "loops.iteration": event["iteration"] as number },
          },
          inLoop,
        );
        around = trace.setSpan(inLoop, state);
        break;
      case "action_start":
        action = tracer.startSpan(
          String(event["action"]),
          {
            startTime,
            attributes: { ...own, "loops.state": String(stateName), "loops.action": event["action"] as string },
          },
          around,
        );
        break;
      case "action_output":
        action?.addEvent("action_output", { "loops.line": event["line"] as string }, startTime);
        break;
      case "action_complete":
        action?.setAttributes({
          "loops.action.duration_ms": event["duration_ms"] as number,
          "process.exit.code": event["exit_code"] as number,
          "loops.output_preview": event["output_preview"] as string,
        });
        action?.end(startTime);
        break;
      case "evaluate":
        state?.setAttribute("loops.verdict", event["verdict"] as string);
        state?.addEvent(
          "evaluate",
          {
            "loops.evaluator": event["type"] as string,
            "loops.verdict": event["verdict"] as string,
            "loops.detail.exit_code": event["exit_code"] as number,
          },
          startTime,
        );
        break;
      case "route":
        state?.addEvent(
          "route",
          { "loops.from": event["from"] as string, "loops.to": event["to"] as string },
          startTime,
        );
        break;
      case "loop_complete":
        state?.end(startTime);
        loop?.setAttributes({
          "loops.final_state": event["final_state"] as string,
          "loops.iterations": event["iterations"] as number,
          "loops.terminated_by": event["terminated_by"] as string,
        });
        loop?.setStatus({ code: SpanStatusCode.OK });
        loop?.end(startTime);
    }
  }
}
