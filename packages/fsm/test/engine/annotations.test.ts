import { expect, it } from "vitest";
import type { BegunRun, EngineOptions } from "../../src/index.js";
import { memoryStore, resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner, recorder } from "./harness.js";
import { abc, done, echo, killedAfter, killedInAction } from "./killed-run.js";
import { loopOf } from "./machines.js";

const definition = loopOf({ a: { action: "act", next: "done" }, done });
const segment = (name: string) => () => ({ traceparent: name });

it("annotateRun is asked once for each segment, when its first event has been emitted", async () => {
  const bus = recorder();
  const asked: unknown[] = [];
  const annotateRun = (run: BegunRun) => {
    asked.push({ ...run, after: bus.names() });
    return undefined;
  };
  await runLoop({ definition, store: memoryStore(), runner: fakeRunner(), bus, annotateRun, newRunId: () => "RUN" });
  expect(asked).toEqual([{ run_id: "RUN", loop: definition.name, parent_run_id: null, after: ["loop_start"] }]);
});

it("what annotateRun says is kept with the run before an action begins, and is on the next segment's loop_resume", async () => {
  const store = await killedInAction("second", { definition: abc, annotateRun: segment("first") });
  expect((await store.find("RUN"))?.annotations).toEqual({ traceparent: "first" });

  const bus = recorder();
  await resumeLoop({
    run: "RUN",
    store,
    runner: echo(),
    bus,
    annotateRun: () => ({ traceparent: "second", more: "1" }),
  });
  expect(bus.named("loop_resume")).toMatchObject([{ annotations: { traceparent: "first" } }]);
  expect((await store.find("RUN"))?.annotations).toEqual({ traceparent: "second", more: "1" });
});

it("a run that nobody annotates has no annotations, in its state and on its events", async () => {
  const store = await killedAfter(3, { definition: abc, runner: echo() });
  const bus = recorder();
  await resumeLoop({ run: "RUN", store, runner: echo(), bus });
  expect(bus.named("loop_resume")[0]).not.toHaveProperty("annotations");
  expect(await store.find("RUN")).not.toHaveProperty("annotations");
});

it("what an earlier segment said stays where a later one says nothing about it", async () => {
  const store = await killedAfter(3, { definition: abc, runner: echo(), annotateRun: () => ({ one: "1" }) });
  await resumeLoop({ run: "RUN", store, runner: echo(), annotateRun: () => ({ two: "2" }) });
  expect((await store.find("RUN"))?.annotations).toEqual({ one: "1", two: "2" });
});

it("annotateRun is asked about child runs, too, with the run that each is part of", async () => {
  const parent = loopOf({ a: { loop: "child", on_yes: "done", on_no: "done" }, done });
  const store = memoryStore();
  let runs = 0;
  const asked: BegunRun[] = [];
  await runLoop({
    definition: parent,
    store,
    runner: fakeRunner(),
    resolveLoop: () => ({ ...definition, name: "child" }),
    newRunId: () => `RUN${++runs}`,
    annotateRun: (run) => void asked.push(run) as undefined,
  });
  expect(asked).toEqual([
    { run_id: "RUN1", loop: parent.name, parent_run_id: null },
    { run_id: "RUN2", loop: "child", parent_run_id: "RUN1" },
  ]);
});

it.each<[string, NonNullable<EngineOptions["annotateRun"]>]>([
  [
    "throws",
    () => {
      throw new Error("no");
    },
  ],
  ["returns no text", () => ({ n: 1 }) as never],
  ["returns a text without a name", () => "text" as never],
  ["returns null", () => null as never],
  ["returns a list", () => ["text"] as never],
  ["returns a promise that rejects", () => Promise.reject(new Error("late")) as never],
  ["returns too much", () => ({ long: "x".repeat(5000) })],
])("an annotateRun that %s is a warning, and the loop goes on without", async (_what, annotateRun) => {
  const warnings: Error[] = [];
  const store = memoryStore();
  const onWarning = (warning: Error) => void warnings.push(warning);
  const result = await runLoop({ definition, store, runner: fakeRunner(), annotateRun, onWarning });
  expect(result.terminated_by).toBe("terminal");
  expect(warnings).toMatchObject([{ code: "LOOPS_ANNOTATIONS", cause: expect.any(Error) }]);
  expect(await store.find(result.run_id)).not.toHaveProperty("annotations");
});
