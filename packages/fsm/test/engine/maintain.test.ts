import { describe, expect, it } from "vitest";
import { memoryStore, resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner, recorder } from "./harness.js";
import { killedAfter } from "./killed-run.js";
import { loopOf } from "./machines.js";

const work = { action: "work", next: "done" };
const maintained = loopOf({ a: work, done: { terminal: true } }, { maintain: true, max_iterations: 2 });

describe("B-39: a loop with maintain", () => {
  it("starts again at a terminal state and counts entries alone, until its iterations are used up", async () => {
    const bus = recorder();
    const result = await runLoop({ definition: maintained, store: memoryStore(), bus, runner: fakeRunner() });
    expect(result).toMatchObject({ terminated_by: "max_iterations", final_state: "done", iterations: 2 });
    const told = bus.events.filter(({ event }) => event === "state_enter" || event === "route");
    expect(told).toMatchObject([
      { event: "state_enter", state: "a", iteration: 1 },
      { event: "route", from: "a", to: "done" },
      { event: "route", from: "done", to: "a", reason: "maintain" },
      { event: "state_enter", state: "a", iteration: 2 },
      { event: "route", from: "a", to: "done" },
    ]);
    expect(told[1]).not.toHaveProperty("reason");
  });

  it("starts again where its terminal state says", async () => {
    const states = { ...maintained.states, b: work, done: { terminal: true, on_maintain: `\${context.way}` } };
    const bus = recorder();
    const options = { definition: { ...maintained, states }, store: memoryStore(), bus, runner: fakeRunner() };
    await runLoop({ ...options, context: { way: "b" } });
    expect(bus.named("state_enter").map(({ state }) => state)).toEqual(["a", "b"]);
  });

  it("ends with an error where a verdict has no way out, as any other", async () => {
    const states = { a: { action: "work", on_yes: "done" }, done: { terminal: true } };
    const runner = fakeRunner(() => 1);
    const result = await runLoop({ definition: { ...maintained, states }, store: memoryStore(), runner });
    expect(result).toMatchObject({ terminated_by: "error", error: { type: "LOOPS_NO_TRANSITION", state: "a" } });
  });

  it.each([
    ["itself", { terminal: true, on_maintain: "$current" }],
    ["another terminal state", { terminal: true, on_maintain: "end" }],
  ])("does not turn on the spot where its start is %s", async (_what, done) => {
    const states = { a: work, done, end: { terminal: true } };
    const bus = recorder();
    const options = { definition: { ...maintained, states }, store: memoryStore(), bus, runner: fakeRunner() };
    const result = await runLoop(options);
    expect(result.error).toMatchObject({
      type: "LOOPS_NO_TRANSITION",
      message: expect.stringContaining("on_maintain"),
    });
    expect(bus.named("loop_complete")).toHaveLength(1);
  });

  it("can be stopped at its terminal state, and goes on from there", async () => {
    const stop = new AbortController();
    const store = memoryStore();
    const runner = fakeRunner(() => {
      stop.abort();
      return 0;
    });
    const stopped = await runLoop({ definition: maintained, store, runner, signal: stop.signal });
    expect(stopped).toMatchObject({ terminated_by: "signal", final_state: "done", iterations: 1 });
    const bus = recorder();
    await resumeLoop({ run: "test-loop", store, bus, runner: fakeRunner() });
    expect(bus.events.slice(0, 3)).toMatchObject([
      { event: "loop_resume", from_state: "done" },
      { event: "route", reason: "maintain" },
      { event: "state_enter", iteration: 2 },
    ]);
  });

  it("counts the retries of a state anew once it has started again", async () => {
    const flaky = { action: "work", on_no: "a", on_yes: "done", max_retries: 1, on_retry_exhausted: "done" };
    const definition = { ...maintained, states: { a: flaky, done: { terminal: true } }, max_iterations: 5 };
    const bus = recorder();
    await runLoop({ definition, store: memoryStore(), bus, runner: fakeRunner(() => 1) });
    expect(bus.named("retry_exhausted")).toMatchObject([
      { state: "a", retries: 2, next: "done" },
      { state: "a", retries: 2, next: "done" },
    ]);
    expect(bus.named("state_enter")).toHaveLength(5);
  });

  it("goes on the same after a kill between its end and its new start", async () => {
    const store = await killedAfter(5, { definition: maintained, runner: fakeRunner() });
    expect(await store.find("RUN")).toMatchObject({ current_state: "a", phase: "ready", iteration: 1 });
    const bus = recorder();
    const result = await resumeLoop({ run: "RUN", store, bus, runner: fakeRunner() });
    expect(result).toMatchObject({ terminated_by: "max_iterations", iterations: 2 });
  });
});
