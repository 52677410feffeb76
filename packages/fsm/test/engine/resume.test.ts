import { describe, expect, it } from "vitest";
import { memoryStore, type RunState, resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner, recorder, signal } from "./harness.js";
import { abc, done, echo, killedInAction } from "./killed-run.js";
import { loopOf } from "./machines.js";

describe("resuming", () => {
  it("B-5, P-25: goes on with an interrupted run, and P-23: announces where it goes on", async () => {
    const store = memoryStore();
    const stop = new AbortController();
    const runner = fakeRunner(() => {
      stop.abort();
      return { output: "out" };
    });
    const stopped = await runLoop({ definition: abc, store, runner, signal: stop.signal });
    expect(stopped).toMatchObject({ status: "interrupted", final_state: "b", iterations: 1 });
    const bus = recorder();
    const result = await resumeLoop({ run: "test-loop", store, bus, runner: echo() });
    expect(bus.events[0]).toMatchObject({
      event: "loop_resume",
      from_state: "b",
      iteration: 1,
      run_id: stopped.run_id,
    });
    expect(result).toMatchObject({ run_id: stopped.run_id, status: "completed", iterations: 3 });
    expect(await store.find("test-loop")).toMatchObject({ terminated_by: "terminal", error: null });
  });

  it("B-15: refuses a run that another process carries out", async () => {
    const store = memoryStore();
    const running = signal();
    const finish = signal();
    const runner = fakeRunner(async () => {
      running.reach();
      await finish.reached;
      return 0;
    });
    const first = runLoop({ definition: abc, store, runner });
    await running.reached;
    await expect(resumeLoop({ run: "test-loop", store })).rejects.toMatchObject({ code: "LOOPS_RUN_OWNED" });
    finish.reach();
    expect(await first).toMatchObject({ status: "completed" });
  });

  it("P-21: refuses what has ended, and what is not there", async () => {
    const store = memoryStore();
    await runLoop({ definition: abc, store, runner: echo() });
    await expect(resumeLoop({ run: "test-loop", store })).rejects.toMatchObject({
      code: "LOOPS_NOT_RESUMABLE",
      message: expect.stringContaining("is completed"),
    });
    await expect(resumeLoop({ run: "other", store })).rejects.toMatchObject({ code: "LOOPS_RUN_NOT_FOUND" });
    // The refusal gave the run up again.
    expect(await store.isOwned((await store.find("test-loop"))?.run_id ?? "")).toBe(false);
  });

  it("leaves alone the run of another engine that shares the store", async () => {
    const store = memoryStore();
    const foreign = {
      run_id: "FOREIGN",
      loop_name: "foreign",
      status: "running",
      started_at: "2026-01-01T00:00:00.000Z",
    };
    const lease = await store.create(foreign as unknown as RunState);
    await lease.commit([{ event: "begun", ts: foreign.started_at, id: "e" }], {});
    await lease.release();
    await expect(resumeLoop({ run: "foreign", store })).rejects.toMatchObject({ code: "LOOPS_STATE_VERSION" });
    expect(await store.find("foreign")).toEqual(foreign);
    expect(await store.isOwned("FOREIGN")).toBe(false);
  });

  it("names the runs of a loop that can be gone on with, where its newest one has ended", async () => {
    const store = await killedInAction("second", { definition: abc });
    const startedAt = "2999-01-01T00:00:00.000Z";
    const clock = { isoNow: () => startedAt, monotonicMs: () => 0 };
    const beside = { definition: abc, store, runner: echo(), clock, clearPrevious: false };
    await runLoop({ ...beside, newRunId: () => "BESIDE" });
    await expect(resumeLoop({ run: "test-loop", store })).rejects.toMatchObject({
      code: "LOOPS_NOT_RESUMABLE",
      message: expect.stringMatching(/run BESIDE of loop "test-loop" is completed.* by their id: RUN\.$/),
    });
    const byId = await resumeLoop({ run: "BESIDE", store }).then(undefined, (error: Error) => error.message);
    expect(byId).not.toContain("by their id");
    expect(await resumeLoop({ run: "RUN", store, runner: echo() })).toMatchObject({ status: "completed" });
  });

  it("B-5: goes on past a limit only once that is raised", async () => {
    const store = memoryStore();
    const limited = { definition: abc, store, limits: { maxIterations: 1 } };
    expect(await runLoop({ ...limited, runner: echo() })).toMatchObject({ terminated_by: "max_iterations" });
    await expect(resumeLoop({ run: "test-loop", store })).rejects.toMatchObject({
      code: "LOOPS_NOT_RESUMABLE",
      message: expect.stringMatching(/interrupted.*1 iterations.*maxIterations/),
    });
    const result = await resumeLoop({ run: "test-loop", store, runner: echo(), limits: { maxIterations: 5 } });
    expect(result).toMatchObject({ status: "completed", iterations: 3 });
  });

  it("B-5: goes on with a timed out run only once it has more time", async () => {
    const store = memoryStore();
    let now = 0;
    const clock = { isoNow: () => "2026-01-01T00:00:00.000Z", monotonicMs: () => now };
    const slow = fakeRunner(() => {
      now += 2000;
      return 0;
    });
    const options = { store, runner: slow, clock };
    expect(await runLoop({ ...options, definition: abc, limits: { timeoutMs: 1000 } })).toMatchObject({
      status: "timed_out",
    });
    await expect(resumeLoop({ ...options, run: "test-loop" })).rejects.toMatchObject({ code: "LOOPS_NOT_RESUMABLE" });
    const result = await resumeLoop({ ...options, run: "test-loop", limits: { timeoutMs: 60_000 } });
    expect(result).toMatchObject({ status: "completed", duration_ms: 6000 });
  });

  describe("B-7: a loop that has changed since", () => {
    const changed = { ...abc, states: { ...abc.states, b: { action: "other", on_yes: "c" } } };
    const killed = () => killedInAction("first", { definition: abc });

    it("is refused unless the caller says what to do", async () => {
      const store = await killed();
      const resumed = resumeLoop({ run: "RUN", store, definition: changed, runner: echo() });
      await expect(resumed).rejects.toMatchObject({ code: "LOOPS_DEFINITION_DRIFT" });
    });

    it.each([
      ["use-persisted", "second <first nobody>"],
      ["use-given", "other"],
    ] as const)("goes on with %s", async (onDrift, command) => {
      const store = await killed();
      const runner = echo();
      await resumeLoop({ run: "RUN", store, definition: changed, onDrift, runner });
      expect(runner.requests[1]?.command).toBe(command);
    });

    it("is refused where it lacks the state that the run stands in", async () => {
      const store = await killed();
      const other = loopOf({ z: { action: "z", next: "done" }, done });
      const resumed = resumeLoop({ run: "RUN", store, definition: other, onDrift: "use-given", runner: echo() });
      await expect(resumed).rejects.toMatchObject({
        code: "LOOPS_DEFINITION_DRIFT",
        message: expect.stringContaining('"a"'),
      });
    });

    it("is no drift when it is the same again, also under other limits", async () => {
      const store = await killedInAction("first", { definition: abc, limits: { maxIterations: 1 } });
      const same = JSON.parse(JSON.stringify(abc)) as typeof abc;
      const limits = { maxIterations: 9 };
      const result = await resumeLoop({ run: "RUN", store, definition: same, limits, runner: echo() });
      expect(result.status).toBe("completed");
    });
  });
});
