import { describe, expect, it } from "vitest";
import { memoryStore, type RunLoopOptions, resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner, recorder, tapped } from "./harness.js";
import { killedAfter } from "./killed-run.js";
import { loopOf } from "./machines.js";

const done = { terminal: true };
const judged = loopOf({ a: { action: "work", on_yes: "b", on_no: "a" }, b: { action: "more", on_yes: "done" }, done });

async function run(output: string, more: Partial<RunLoopOptions> = {}) {
  const bus = recorder();
  const store = memoryStore();
  const runner = fakeRunner(({ command }) => ({ output: command === "work" ? output : "" }));
  const result = await runLoop({ definition: judged, store, bus, runner, ...more });
  return { result, bus, store, runner, after: bus.names().slice(bus.names().indexOf("action_complete") + 1) };
}

describe("FATAL_ERROR in an output", () => {
  it("ends the run with what it says, once the state has been judged, and without a route", async () => {
    const { result, bus, after } = await run("text\nFATAL_ERROR: the disk is gone\n");
    const error = { type: "LOOPS_FATAL_SIGNAL", message: "the disk is gone", state: "a" };
    expect(result).toMatchObject({ status: "failed", terminated_by: "error", final_state: "a", error });
    expect(after).toEqual(["evaluate", "loop_complete"]);
    expect(bus.events.at(-1)).toMatchObject({ error });
  });

  it("counts in a state with next, which is not judged", async () => {
    const definition = loopOf({ a: { action: "work", next: "done" }, done });
    const { result, after } = await run("FATAL_ERROR: no", { definition });
    expect(result.error).toMatchObject({ type: "LOOPS_FATAL_SIGNAL", message: "no" });
    expect(after).toEqual(["loop_complete"]);
  });

  it("comes before a verdict without a way out, and behind a target that cannot be read", async () => {
    const nowhere = loopOf({ a: { action: "work", on_no: "done" }, done });
    expect((await run("FATAL_ERROR: no", { definition: nowhere })).result.error?.type).toBe("LOOPS_FATAL_SIGNAL");
    const unread = loopOf({ a: { action: "work", on_yes: `\${context.missing}` }, done });
    expect((await run("FATAL_ERROR: no", { definition: unread })).result.error?.type).toBe("LOOPS_INTERPOLATION");
  });

  it("counts in standard output alone", async () => {
    const runner = fakeRunner(() => ({ stderr: "FATAL_ERROR: no" }));
    expect((await run("", { runner })).result.status).toBe("completed");
  });

  it("is heard after a kill between the result and the route, because the output is on record", async () => {
    const runner = fakeRunner(() => ({ output: "FATAL_ERROR: no" }));
    const store = await killedAfter(3, { definition: judged, runner });
    expect(await store.find("RUN")).toMatchObject({ phase: "acted" });
    const idle = fakeRunner();
    expect((await resumeLoop({ run: "RUN", store, runner: idle })).error?.type).toBe("LOOPS_FATAL_SIGNAL");
    expect(idle.started).toEqual([]);
  });
});

describe("LOOP_STOP in an output", () => {
  it("finishes the state with its route, and then ends the run, resumable", async () => {
    const { result, after, store } = await run("LOOP_STOP: for today");
    expect(result).toMatchObject({ status: "interrupted", terminated_by: "signal", final_state: "b", iterations: 1 });
    expect(after).toEqual(["evaluate", "route", "loop_complete"]);
    const runner = fakeRunner();
    expect(await resumeLoop({ run: "test-loop", store, runner })).toMatchObject({ status: "completed", iterations: 2 });
    expect(runner.requests.map(({ command }) => command)).toEqual(["more"]);
  });

  it("B-18: in front of a terminal state the loop is done", async () => {
    const definition = loopOf({ a: { action: "work", next: "done" }, done });
    const { result } = await run("LOOP_STOP:", { definition });
    expect(result).toMatchObject({ status: "completed", terminated_by: "terminal", final_state: "done" });
  });

  it("without a way out ends the run as a signal does, not as an error", async () => {
    const definition = loopOf({ a: { action: "work", on_no: "done" }, done });
    const { result, after } = await run("LOOP_STOP:", { definition });
    expect(result).toMatchObject({ status: "interrupted", terminated_by: "signal", final_state: "a" });
    expect(after).toEqual(["evaluate", "loop_complete"]);
  });

  it("is not lost by a kill: the route and the end are one commit, and no backoff comes between", async () => {
    const store = tapped(memoryStore());
    await run("LOOP_STOP:", { store, definition: { ...judged, backoff: 3600 } });
    const commits = store.commits.map(({ events }) => events.map(({ event }) => event));
    expect(commits.at(-1)).toEqual(["evaluate", "route", "loop_complete"]);
  });
});

it("an action that was killed on the next path still hands off what it said", async () => {
  const definition = loopOf({ a: { action: "work", next: "done" }, done });
  const runner = fakeRunner(() => ({ output: "CONTEXT_HANDOFF: go on", exit_code: -15 }));
  expect((await run("", { definition, runner })).result).toMatchObject({ terminated_by: "handoff", handoff: true });
});
