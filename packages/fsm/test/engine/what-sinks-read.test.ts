import type { LoopEvent } from "@loops/core";
import { expect, expectTypeOf, it } from "vitest";
import {
  defineLoop,
  type FsmEvent,
  functionRunner,
  type LoopComplete,
  memoryStore,
  promptRunner,
  runLoop,
} from "../../src/index.js";
import { recorder } from "./harness.js";

it("B-34: every event names its run, loop and depth, and the end says what ended it, in a child loop as well", async () => {
  const child = defineLoop({
    name: "child",
    initial: "work",
    states: { work: { action: "work", next: "end" }, end: { terminal: true } },
  });
  const definition = defineLoop({
    name: "parent",
    initial: "sub",
    states: { sub: { loop: "child", on_yes: "end", on_no: "end" }, end: { terminal: true } },
  });
  const bus = recorder();
  const result = await runLoop({
    definition,
    bus,
    store: memoryStore(),
    runner: functionRunner({ work() {} }),
    resolveLoop: () => child,
  });
  const childRun = bus.events.find((event) => event["loop"] === "child")?.["run_id"];
  const head = ({ event, loop, depth, run_id, parent_run_id }: LoopEvent) => ({
    event,
    loop,
    depth,
    run_id,
    parent_run_id,
  });
  const parents = { loop: "parent", depth: 0, run_id: result.run_id, parent_run_id: undefined };
  const children = { loop: "child", depth: 1, run_id: childRun, parent_run_id: result.run_id };
  expect(bus.events.map(head)).toEqual([
    { event: "loop_start", ...parents },
    { event: "state_enter", ...parents },
    { event: "loop_start", ...children },
    { event: "state_enter", ...children },
    { event: "action_start", ...children },
    { event: "action_complete", ...children },
    { event: "route", ...children },
    { event: "loop_complete", ...children },
    { event: "route", ...parents },
    { event: "loop_complete", ...parents },
  ]);
  expect(bus.named("loop_complete").map((event) => event["terminated_by"])).toEqual(["terminal", "terminal"]);
  // One typed schema: a sink that asked for `loop_name` or `outcome` would not compile.
  expectTypeOf<Extract<FsmEvent, { event: "loop_complete" }>>().toEqualTypeOf<LoopComplete>();
});

it.each(["shell", "prompt"] as const)(
  "B-28: a %s that succeeds and speaks of rate limits has succeeded, and runs once",
  async (action_type) => {
    const definition = defineLoop({
      name: "busy",
      initial: "work",
      states: {
        work: {
          action: "429 tests passed, rate limit exceeded 0 times",
          action_type,
          evaluate: { type: "exit_code" },
          on_yes: "end",
        },
        end: { terminal: true },
      },
    });
    const runner = promptRunner({ command: `echo \${prompt:shell}` });
    const bus = recorder();
    const { status } = await runLoop({ definition, bus, store: memoryStore(), runner, runners: { prompt: runner } });
    expect(status).toBe("completed");
    expect(bus.named("action_output")[0]).toMatchObject({ line: "429 tests passed, rate limit exceeded 0 times" });
    expect(bus.named("action_start")).toHaveLength(1);
    expect(bus.named("route")).toHaveLength(1);
  },
);
