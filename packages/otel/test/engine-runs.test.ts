import { defineLoop, type LoopDefinition, memoryStore, runLoop } from "@loops/fsm";
import { describe, expect, it } from "vitest";
import { treeOf } from "./fixtures/otlp-endpoint.js";
import type { ReceivedSpan } from "./fixtures/otlp-messages.js";
import { show, timeOf } from "./fixtures/runs.js";

const done = { terminal: true } as const;
const fix = defineLoop({
  name: "fix",
  initial: "check",
  states: {
    check: { action: 'echo looking; test "$LOOPS_ITERATION" -ge 3', on_yes: "done", on_no: "mend" },
    mend: { action: "echo mended", next: "check" },
    done,
  },
});

const kind = ({ name, attributes }: ReceivedSpan) => {
  const of = attributes["loops.action"] ? "action" : attributes["loops.state"] ? "state" : "loop";
  return `${of} ${of === "action" ? "" : name}`.trim();
};

describe("a loop that ran", () => {
  it("O-4: is one trace: the loop, below it its states, below each its action", async () => {
    const { spans, ok } = await show([{ definition: fix }]);
    expect(ok).toBe(true);
    expect(treeOf(spans, kind)).toEqual([
      "loop fix OK",
      "  state check",
      "    action",
      "  state mend",
      "    action",
      "  state check",
      "    action",
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  });

  it("O-2: comes with the name of the service and the scope of this package", async () => {
    const { spans } = await show([{ definition: fix }]);
    expect(spans[0]?.resource).toMatchObject({ "service.name": "little-loops", "telemetry.sdk.language": "nodejs" });
    expect(spans[0]?.scope).toEqual({ name: "@loops/otel", version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  it("O-16: begins and ends each span at the time of its events", async () => {
    const { named, events } = await show([{ definition: fix }]);
    const [loop] = named("fix");
    expect(loop).toMatchObject({ startMs: timeOf(events, "loop_start"), endMs: timeOf(events, "loop_complete") });
    expect(named("check")[0]).toMatchObject({
      startMs: timeOf(events, "state_enter"),
      endMs: timeOf(events, "state_enter", 1),
    });
    expect(named("echo mended")[0]).toMatchObject({
      startMs: timeOf(events, "action_start", 1),
      endMs: timeOf(events, "action_complete", 1),
    });
  });

  it("O-10, O-15: has typed attributes, of the semantic conventions where there are such", async () => {
    const { named, results } = await show([{ definition: fix }]);
    const run = results[0]?.run_id;
    expect(named("fix")[0]?.attributes).toEqual({
      "loops.run_id": run,
      "loops.loop": "fix",
      "loops.depth": 0,
      "loops.final_state": "done",
      "loops.iterations": 3,
      "loops.terminated_by": "terminal",
    });
    expect(named("check")[0]?.attributes).toEqual({
      "loops.run_id": run,
      "loops.loop": "fix",
      "loops.state": "check",
      "loops.iteration": 1,
      "loops.verdict": "no",
    });
    expect(named("echo mended")[0]?.attributes).toEqual({
      "loops.run_id": run,
      "loops.loop": "fix",
      "loops.state": "mend",
      "loops.action": "echo mended",
      "loops.action.duration_ms": expect.any(Number),
      "loops.output_preview": "mended",
      "process.exit.code": 0,
    });
  });

  it("O-13, O-14: shows output on the action, and evaluations and routes on the state", async () => {
    const { spans, named } = await show([{ definition: fix }]);
    const [check] = named("check");
    expect(check?.events).toMatchObject([
      {
        name: "evaluate",
        attributes: { "loops.evaluator": "default", "loops.verdict": "no", "loops.detail.exit_code": 1 },
      },
      { name: "route", attributes: { "loops.from": "check", "loops.to": "mend" } },
    ]);
    const action = spans.find(({ parentSpanId }) => parentSpanId === check?.spanId);
    expect(action?.events).toMatchObject([{ name: "action_output", attributes: { "loops.line": "looking" } }]);
  });

  it("O-4: is not mixed up with loops that run beside it, of the same definition", async () => {
    const { spans, results } = await show(Array.from({ length: 5 }, () => ({ definition: fix, clearPrevious: false })));
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(5);
    for (const { run_id } of results) {
      const own = spans.filter(({ attributes }) => attributes["loops.run_id"] === run_id);
      expect(new Set(own.map(({ traceId }) => traceId)).size).toBe(1);
      expect(treeOf(own, kind)).toHaveLength(7);
    }
  });
});

describe("a loop of loops", () => {
  const nested = (depth: number): LoopDefinition =>
    depth === 0
      ? defineLoop({ name: "leaf", initial: "act", states: { act: { action: "true", next: "done" }, done } })
      : defineLoop({
          name: `level-${depth}`,
          initial: "down",
          states: { down: { loop: `${depth - 1}`, on_yes: "done", on_no: "done" }, done },
        });

  it("O-5: shows sub-loops below the state that started them, four deep", async () => {
    const resolveLoop = (name: string) => nested(Number(name));
    const { spans } = await show([{ definition: nested(4), resolveLoop }]);
    expect(treeOf(spans, ({ name }) => name)).toEqual([
      "level-4 OK",
      "  down",
      "    level-3 OK",
      "      down",
      "        level-2 OK",
      "          down",
      "            level-1 OK",
      "              down",
      "                leaf OK",
      "                  act",
      "                    true",
    ]);
  });
});

describe("what went wrong is red", () => {
  const oneAction = (state: object, more: object = {}): LoopDefinition =>
    ({
      ...defineLoop({ name: "one", initial: "a", states: { a: { action: "true", next: "done" }, done } }),
      ...more,
      states: { a: state, done },
    }) as LoopDefinition;

  it("an action that a check answered with no is not: the loop goes on with that", async () => {
    const { spans } = await show([{ definition: oneAction({ action: "false", on_yes: "done", on_no: "done" }) }]);
    expect(treeOf(spans)).toEqual(["one OK", "  a", "    false"]);
  });

  it("an action whose verdict is error is, and its state", async () => {
    const { spans, named } = await show([
      { definition: oneAction({ action: "exit 7", on_yes: "done", on_no: "done", on_error: "done" }) },
    ]);
    expect(treeOf(spans)).toEqual(["one OK", "  a ERROR", "    exit 7 ERROR"]);
    expect(named("exit 7")[0]).toMatchObject({
      status: { message: "exit code 7" },
      attributes: { "error.type": "7", "process.exit.code": 7 },
    });
  });

  it("an action that ran into its timeout is", async () => {
    const { named } = await show([
      { definition: oneAction({ action: "sleep 30", timeout: 0.2, on_yes: "done", on_no: "done", on_error: "done" }) },
    ]);
    expect(named("sleep 30")[0]).toMatchObject({
      status: { code: "ERROR", message: "timed out (exit code 124)" },
      attributes: { "error.type": "timeout", "process.exit.code": 124 },
    });
  });

  it("O-12: a loop that could not go on is, with what ended it as the message", async () => {
    const { named, spans } = await show([
      { definition: oneAction({ action: "echo 'FATAL_ERROR: no disk'", on_yes: "done", on_no: "done" }) },
    ]);
    expect(named("one")[0]).toMatchObject({
      status: { code: "ERROR", message: "error" },
      attributes: {
        "loops.terminated_by": "error",
        "error.type": "LOOPS_FATAL_SIGNAL",
        "loops.error.message": expect.stringContaining("no disk"),
      },
    });
    expect(treeOf(spans)[1]).toBe("  a ERROR");
  });

  it("O-12: a loop that went round in circles, or used up its iterations, is", async () => {
    const circle = (more: object) =>
      ({ ...oneAction({ action: "false", on_yes: "done", on_no: "a" }), ...more }) as LoopDefinition;
    const { named, spans } = await show([
      { definition: circle({ name: "circle", max_edge_revisits: 2 }) },
      { definition: circle({ name: "endless", max_iterations: 3 }) },
    ]);
    expect(named("circle")[0]?.status).toEqual({ code: "ERROR", message: "cycle_detected" });
    expect(named("endless")[0]?.status).toEqual({ code: "ERROR", message: "max_iterations" });
    const cycles = spans.flatMap(({ events }) => events).filter(({ name }) => name === "cycle_detected");
    expect(cycles).toMatchObject([{ attributes: { "loops.edge": "a->a", "loops.count": expect.any(Number) } }]);
  });

  it("O-13: a state that was tried too often says so on the loop that goes on without it", async () => {
    const definition = defineLoop({
      name: "retries",
      initial: "a",
      states: {
        a: { action: "false", max_retries: 1, on_retry_exhausted: "b", on_yes: "done", on_no: "a" },
        b: { action: "true", next: "done" },
        done,
      },
    });
    const { spans } = await show([{ definition }]);
    const told = spans.flatMap(({ events }) => events).filter(({ name }) => name === "retry_exhausted");
    expect(told).toMatchObject([{ attributes: { "loops.state": "a", "loops.retries": 2, "loops.next": "b" } }]);
    expect(treeOf(spans)).toEqual(["retries OK", "  a", "    false", "  a", "    false", "  b", "    true"]);
  });
});

describe("a loop that is left", () => {
  it("O-13, O-17: by a handoff, ends with the continuation on it, and no span open", async () => {
    const definition = defineLoop({
      name: "handed",
      initial: "a",
      states: { a: { action: "echo 'CONTEXT_HANDOFF: go on with b'", on_yes: "done", on_no: "done" }, done },
    });
    const { spans, named, results, ok } = await show([{ definition }]);
    expect(results[0]?.terminated_by).toBe("handoff");
    expect(ok).toBe(true);
    expect(named("handed")[0]).toMatchObject({
      status: { code: "OK" },
      attributes: { "loops.terminated_by": "handoff" },
    });
    const told = spans.flatMap(({ events }) => events).filter(({ name }) => name === "handoff_detected");
    expect(told).toMatchObject([{ attributes: { "loops.continuation": "go on with b", "loops.state": "a" } }]);
  });

  it("by force, in the middle of an action: that is marked as unfinished", async () => {
    const force = new AbortController();
    const definition = defineLoop({
      name: "stopped",
      initial: "a",
      states: { a: { action: "echo begun; sleep 30", on_yes: "done", on_no: "done" }, done },
    });
    const { named } = await show([{ definition, forceSignal: force.signal }], {}, (options) => {
      const { bus } = options;
      const emit: typeof bus = {
        ...bus,
        emit(event) {
          bus?.emit(event);
          if (event.event === "action_output") force.abort();
        },
      };
      return runLoop({ ...options, bus: emit, store: memoryStore() });
    });
    expect(named("echo begun; sleep 30")[0]?.attributes).toMatchObject({ "loops.unfinished": true });
    expect(named("stopped")[0]).toMatchObject({
      status: { code: "OK" },
      attributes: { "loops.terminated_by": "signal" },
    });
  });
});
