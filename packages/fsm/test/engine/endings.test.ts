import { describe, expect, it } from "vitest";
import { type ActionRunner, type LoopDefinition, memoryStore, runLoop } from "../../src/index.js";
import { fakeRunner, recorder, signal } from "./harness.js";
import { loopOf } from "./machines.js";

const done = { terminal: true };
const endless = loopOf({ a: { action: "work", next: "a", on_error: "done" }, done });

describe("P-16: a run ends with the status that its ending stands for", () => {
  it("terminal: completed, with what was captured", async () => {
    const loop = loopOf({ a: { action: "work", capture: "mine", next: "done" }, done });
    const result = await runLoop({
      definition: loop,
      store: memoryStore(),
      runner: fakeRunner(() => ({ output: "out" })),
    });
    expect(result).toMatchObject({
      status: "completed",
      terminated_by: "terminal",
      final_state: "done",
      iterations: 1,
      captured: { mine: { output: "out", exit_code: 0 } },
    });
    expect(result).not.toHaveProperty("error");
  });

  it("max_iterations: interrupted", async () => {
    const bus = recorder();
    const options = {
      definition: endless,
      limits: { maxIterations: 3 },
      store: memoryStore(),
      bus,
      runner: fakeRunner(),
    };
    const result = await runLoop(options);
    expect(result).toMatchObject({
      status: "interrupted",
      terminated_by: "max_iterations",
      final_state: "a",
      iterations: 3,
    });
    expect(bus.named("state_enter")).toHaveLength(3);
  });

  it("timeout: timed_out, by the injected clock", async () => {
    let now = 0;
    const clock = { isoNow: () => "2026-01-01T00:00:00.000Z", monotonicMs: () => now };
    const runner = fakeRunner(() => {
      now += 400;
      return 0;
    });
    const result = await runLoop({ definition: { ...endless, timeout: 1 }, store: memoryStore(), runner, clock });
    expect(result).toMatchObject({ status: "timed_out", terminated_by: "timeout", iterations: 3, duration_ms: 1200 });
  });

  it("error: failed, and B-23: the event, the state and the result say why", async () => {
    const store = memoryStore();
    const bus = recorder();
    const loop = loopOf({ a: { action: `echo \${context.missing}`, next: "done" }, done });
    const result = await runLoop({ definition: loop, store, bus, runner: fakeRunner() });
    const error = { type: "LOOPS_INTERPOLATION", message: expect.stringContaining("context.missing"), state: "a" };
    expect(result).toMatchObject({ status: "failed", terminated_by: "error", error });
    expect(bus.events.at(-1)).toMatchObject({ event: "loop_complete", terminated_by: "error", error });
    expect(await store.find("test-loop")).toMatchObject({ status: "failed", error });
  });

  it("signal: interrupted, P-25: after the current state", async () => {
    const stop = new AbortController();
    const bus = recorder();
    const runner = fakeRunner(() => {
      stop.abort();
      return 0;
    });
    const result = await runLoop({ definition: endless, store: memoryStore(), bus, runner, signal: stop.signal });
    expect(result).toMatchObject({ status: "interrupted", terminated_by: "signal", iterations: 1 });
    expect(bus.names().slice(-3)).toEqual(["action_complete", "route", "loop_complete"]);
  });

  it("signal: also when somebody asks through the store", async () => {
    const store = memoryStore();
    const runner = fakeRunner(async (request) => {
      await store.requestStop(request.env["LOOPS_RUN_ID"] ?? "");
      return 0;
    });
    expect(await runLoop({ definition: endless, store, runner })).toMatchObject({
      terminated_by: "signal",
      iterations: 1,
    });
  });
});

it("B-18: a loop that is done is done, on its last iteration and while it is being stopped", async () => {
  const stop = new AbortController();
  const loop = loopOf({ a: { action: "work", next: "done" }, done }, { max_iterations: 1 });
  const runner = fakeRunner(() => {
    stop.abort();
    return 0;
  });
  const result = await runLoop({ definition: loop, store: memoryStore(), runner, signal: stop.signal });
  expect(result).toMatchObject({ status: "completed", terminated_by: "terminal" });
});

it("B-21: stopped by force, the running action is ended and counts as not executed", async () => {
  const force = new AbortController();
  const bus = recorder();
  const store = memoryStore();
  const runner = fakeRunner(async (request) => {
    const ended = signal();
    request.signal.addEventListener("abort", () => ended.reach(), { once: true });
    force.abort();
    await ended.reached;
    return { kind: "cancelled" };
  });
  const result = await runLoop({ definition: endless, store, bus, runner, forceSignal: force.signal });
  expect(result).toMatchObject({ status: "interrupted", terminated_by: "signal", final_state: "a", iterations: 1 });
  expect(bus.names()).toEqual(["loop_start", "state_enter", "action_start", "loop_complete"]);
  expect(await store.find("test-loop")).toMatchObject({ attempt: 2, pending_action: null, prev_result: null });
});

it("stopped by force while its process is made, an action is abandoned and was never announced", async () => {
  const force = new AbortController();
  const bus = recorder();
  const runner = fakeRunner();
  const prepare: typeof runner.prepare = (request) => {
    force.abort();
    return runner.prepare(request);
  };
  const options = { definition: endless, store: memoryStore(), bus, forceSignal: force.signal, newRunId: () => "RUN" };
  const result = await runLoop({ ...options, runner: { ...runner, prepare } });
  expect(result).toMatchObject({ terminated_by: "signal", iterations: 0 });
  expect([runner.started, runner.abandoned]).toEqual([[], ["RUN:1"]]);
  expect(bus.names()).toEqual(["loop_start", "loop_complete"]);
});

it("an action whose process cannot be made ends the run with the reason, behind its announcement", async () => {
  const bus = recorder();
  const runner = { ...fakeRunner(), prepare: () => Promise.reject(new Error("no such shell")) };
  const result = await runLoop({ definition: endless, store: memoryStore(), bus, runner });
  expect(result.error).toEqual({ type: "LOOPS_ENGINE", message: "no such shell", state: "a" });
  expect(bus.names()).toEqual(["loop_start", "state_enter", "action_start", "loop_complete"]);
});

it("B-22: every run tells of its end once, and last", async () => {
  const runs = [
    { definition: endless, limits: { maxIterations: 2 } },
    { definition: loopOf({ a: { action: "work", on_no: "done" }, done }) },
    { definition: loopOf({ a: { next: "done" }, done }) },
    { definition: endless, signal: AbortSignal.abort() },
    { definition: endless, forceSignal: AbortSignal.abort() },
  ];
  for (const run of runs) {
    const bus = recorder();
    await runLoop({ ...run, store: memoryStore(), bus, runner: fakeRunner() });
    expect(bus.named("loop_complete")).toHaveLength(1);
    expect(bus.names().at(-1)).toBe("loop_complete");
  }
});

it("timers and signals get their turn while actions never wait", async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20);
  const loop = loopOf(
    { a: { next: "b" }, b: { action: "work", next: "a" }, done },
    { max_iterations: Number.MAX_SAFE_INTEGER },
  );
  const result = await runLoop({ definition: loop, store: memoryStore(), runner: fakeRunner(), signal: stop.signal });
  expect(result.terminated_by).toBe("signal");
});

it.each<[string, LoopDefinition]>([
  ["actions that give their result at once", loopOf({ a: { action: "work", next: "a" }, done })],
  ["states without an action", loopOf({ a: { next: "b" }, b: { on_yes: "a" }, done })],
])("a loop of %s lets timers and signals through", async (_what, definition) => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20);
  const outcome = { kind: "completed", result: { output: "", stderr: "", exit_code: 0, duration_ms: 0 } } as const;
  const runner: ActionRunner = {
    prepare: () => ({ process: null, start: () => outcome, abandon: () => undefined }),
    endOrphan: () => Promise.resolve(false),
  };
  // A clock that stands still changes nothing of it.
  const clock = { isoNow: () => "2026-01-01T00:00:00.000Z", monotonicMs: () => 0 };
  const limits = { maxIterations: Number.POSITIVE_INFINITY };
  const result = await runLoop({ definition, limits, store: memoryStore(), runner, clock, signal: stop.signal });
  expect(result.terminated_by).toBe("signal");
});

it("an ended run leaves no listener and no timer behind", async () => {
  const force = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = force.signal;
  force.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners += 1;
    addEventListener.apply(force.signal, args);
  };
  force.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners -= 1;
    removeEventListener.apply(force.signal, args);
  };
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name === "Immediate").length;
  const bus = recorder(() => Promise.resolve({ ok: true }));
  const runner = fakeRunner((request) => {
    request.onLine("line");
    return 0;
  });
  const loop = loopOf({ a: { action: "work", next: "done" }, done });
  await runLoop({ definition: loop, store: memoryStore(), bus, runner, forceSignal: force.signal });
  expect(listeners).toBe(0);
  const after = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name === "Immediate").length;
  expect(after).toBeLessThanOrEqual(before);
});
