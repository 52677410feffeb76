import type { StateStore } from "@loops/core";
import { describe, expect, it } from "vitest";
import { memoryStore, resumeLoop, runLoop } from "../../src/index.js";
import type { RunState } from "../../src/run-state.js";
import { fakeRunner, forever, recorder, signal, tapped } from "./harness.js";
import { abc, done, echo, killedAfter, killedInAction } from "./killed-run.js";
import { loopOf } from "./machines.js";

const started = async (store: StateStore<RunState>) => (await store.find("RUN"))?.started_at;

describe("a killed run", () => {
  it("B-1: takes a recorded result up where it was left: it is evaluated, kept, and never run again", async () => {
    const store = await killedAfter(6, { definition: abc, runner: echo() });
    expect(await store.find("RUN")).toMatchObject({ phase: "acted", current_state: "b", status: "running" });

    const bus = recorder();
    const runner = echo();
    const result = await resumeLoop({ run: "RUN", store, bus, runner });
    expect(bus.names().slice(bus.names().indexOf("loop_resume"), -1)).toEqual([
      "loop_resume",
      "evaluate",
      "route",
      "state_enter",
      "action_start",
      "action_complete",
      "route",
    ]);
    expect(runner.started).toEqual(["RUN:3"]);
    expect(result.captured).toMatchObject({
      one: { output: "<first nobody>" },
      two: { output: "<second <first nobody>>" },
    });
    expect(runner.requests[0]?.command).toBe("third <second <first nobody>> yes nobody");
  });

  it("B-8: reports an action in doubt, ends its orphan first, and enters the state anew under the same number", async () => {
    const store = await killedInAction("second", { definition: abc });
    const bus = recorder();
    const runner = echo();
    const order: string[] = [];
    const endOrphan: typeof runner.endOrphan = async (process, options) => {
      order.push(`orphan of ${options.runId}`);
      return runner.endOrphan(process, options);
    };
    const prepare: typeof runner.prepare = (request) => {
      order.push(request.command);
      return runner.prepare(request);
    };
    const result = await resumeLoop({ run: "test-loop", store, bus, runner: { ...runner, endOrphan, prepare } });
    expect(order[0]).toBe("orphan of RUN");
    expect(runner.orphans).toMatchObject([{ pid: 4711 }]);
    const at = bus.names().indexOf("loop_resume");
    expect(bus.events.slice(at, at + 4)).toMatchObject([
      { event: "loop_resume", from_state: "b", iteration: 2 },
      {
        event: "action_in_doubt",
        state: "b",
        action: "second <first nobody>",
        policy: "rerun",
        orphan: "ended",
      },
      { event: "state_enter", state: "b", iteration: 2, attempt: 2 },
      { event: "action_start", action: "second <first nobody>" },
    ]);
    expect(runner.requests[0]?.env).toMatchObject({ LOOPS_IDEMPOTENCY_KEY: "RUN:2", LOOPS_ATTEMPT: "2" });
    expect(result).toMatchObject({ status: "completed", iterations: 3 });
  });

  it("B-8: re-runs an action in doubt on the last iteration allowed", async () => {
    const store = await killedInAction("second", { definition: abc, limits: { maxIterations: 2 } });
    const runner = echo();
    const result = await resumeLoop({ run: "RUN", store, runner });
    expect(runner.started).toEqual(["RUN:2"]);
    expect(result).toMatchObject({ terminated_by: "max_iterations", iterations: 2 });
  });

  it("says that an orphan was not found where there was none", async () => {
    const store = await killedInAction("first", { definition: abc });
    const bus = recorder();
    await resumeLoop({ run: "RUN", store, bus, runner: { ...echo(), endOrphan: async () => false } });
    expect(bus.named("action_in_doubt")).toMatchObject([{ orphan: "none" }]);
  });

  it("stays as it was when its orphan cannot be ended, and can be resumed again", async () => {
    const store = await killedInAction("first", { definition: abc });
    const before = await store.find("RUN");
    const stubborn = { ...echo(), endOrphan: () => Promise.reject(new Error("still there")) };
    await expect(resumeLoop({ run: "RUN", store, runner: stubborn })).rejects.toThrow("still there");
    expect(await store.find("RUN")).toEqual(before);
    expect(await resumeLoop({ run: "RUN", store, runner: echo() })).toMatchObject({ status: "completed" });
  });

  it("B-3, P-24: has one loop_start and one start time, and a start time for each segment", async () => {
    const times = ["2026-01-01T00:00:00.000Z", "2026-02-02T00:00:00.000Z"];
    const clock = (index: number) => ({ isoNow: () => times[index] ?? "", monotonicMs: () => 0 });
    const store = await killedInAction("second", { definition: abc, clock: clock(0) });
    const bus = recorder();
    await resumeLoop({ run: "RUN", store, bus, runner: echo(), clock: clock(1) });
    const events = await store.readEvents("test-loop", "RUN");
    expect(events.filter((event) => event.event === "loop_start")).toHaveLength(1);
    expect(await store.find("RUN")).toMatchObject({ started_at: times[0], segment_started_at: times[1] });
    expect(await started(store)).toBe(times[0]);
  });

  it("P-18: counts the running time of all segments and not the pause between them", async () => {
    const clockFrom = (ms: number) => {
      let now = ms;
      return {
        isoNow: () => "2026-01-01T00:00:00.000Z",
        monotonicMs: () => now,
        pass: (more: number) => (now += more),
      };
    };
    const first = clockFrom(1000);
    const slow = fakeRunner(() => {
      first.pass(500);
      return 0;
    });
    const store = await killedAfter(4, { definition: abc, runner: slow, clock: first });
    const second = clockFrom(900_000);
    const result = await resumeLoop({
      run: "RUN",
      store,
      clock: second,
      runner: fakeRunner(() => {
        second.pass(70);
        return 0;
      }),
    });
    expect(result.duration_ms).toBe(640);
  });

  it("P-22, B-6: keeps its retry counts, in the final state too", async () => {
    const retrying = loopOf({
      a: { action: "try", on_no: "a", on_yes: "done", max_retries: 2, on_retry_exhausted: "done" },
      done,
    });
    const failing = () => fakeRunner(() => 1);
    const store = await killedAfter(5, { definition: retrying, runner: failing() });
    const runner = failing();
    const bus = recorder();
    await resumeLoop({ run: "RUN", store, bus, runner });
    expect(bus.named("retry_exhausted")).toMatchObject([{ state: "a", retries: 3, next: "done" }]);
    expect((await store.find("RUN"))?.iteration).toBe(3);

    const limited = memoryStore();
    await runLoop({ definition: retrying, store: limited, runner: failing(), limits: { maxIterations: 2 } });
    expect(await limited.find("test-loop")).toMatchObject({ status: "interrupted", retry_counts: { a: 1 } });
  });

  it("B-7: goes on with the definition and the context it was started with", async () => {
    const store = await killedInAction("first", { definition: abc, context: { who: "me" } });
    const runner = echo();
    await resumeLoop({ run: "RUN", store, runner });
    expect(runner.requests.map((request) => request.command)).toEqual([
      "first me",
      "second <first me>",
      "third <second <first me>> yes me",
    ]);
  });

  it("ends the same whichever commit was its last", async () => {
    const plain = memoryStore();
    await runLoop({ definition: abc, store: plain, runner: echo(), newRunId: () => "RUN" });
    const whole = await plain.find("RUN");
    const commits = 11;
    for (let last = 1; last < commits; last++) {
      const before = echo();
      const store = await killedAfter(last, { definition: abc, runner: before });
      const after = echo();
      await resumeLoop({ run: "RUN", store, runner: after });
      const resumed = await store.find("RUN");
      expect(resumed).toMatchObject({ status: "completed", captured: whole?.captured, iteration: whole?.iteration });
      const events = await store.readEvents("test-loop", "RUN");
      const recorded = events.filter((event) => event.event === "action_complete");
      expect(recorded).toHaveLength(3);
    }
  });
});

it("B-10: every run has an id of its own, which sorts by time", async () => {
  const store = memoryStore();
  const { run_id: first } = await runLoop({ definition: abc, store, runner: echo() });
  const { run_id: second } = await runLoop({ definition: abc, store, runner: echo() });
  expect(first).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(second).not.toBe(first);
  expect(second.slice(0, 10) >= first.slice(0, 10)).toBe(true);
});

describe("a new run in the place of a killed one", () => {
  it("P-20: archives it, once what it left running is ended and what its sinks may have lost is emitted", async () => {
    const lost = recorder(() => Promise.resolve({ ok: false }));
    const store = await killedInAction("second", { definition: abc, bus: lost });
    const runner = echo();
    const bus = recorder();
    await runLoop({ definition: abc, store, runner, bus });
    expect(runner.orphans).toMatchObject([{ pid: 4711 }]);
    expect(bus.events.slice(0, bus.names().lastIndexOf("loop_start"))).toEqual(lost.events);
    expect((await store.history("test-loop")).runs).toMatchObject([{ run_id: "RUN", status: "running" }]);
  });

  it("settles it also where a newer run of the loop has ended beside it", async () => {
    const lost = recorder(() => Promise.resolve({ ok: false }));
    const inner = memoryStore();
    const killed = signal();
    const busy = fakeRunner(() => {
      killed.reach();
      return forever;
    });
    const store = tapped(inner);
    void runLoop({ definition: abc, store, runner: busy, bus: lost, newRunId: () => "KILLED" });
    await killed.reached;
    await runLoop({ definition: abc, store: inner, runner: echo(), newRunId: () => "BESIDE" });
    await store.leases[0]?.release();

    const runner = echo();
    const bus = recorder();
    await runLoop({ definition: abc, store: inner, runner, bus });
    expect(runner.orphans).toMatchObject([{ pid: 4711 }]);
    expect(bus.events.slice(0, lost.events.length)).toEqual(lost.events);
    const archived = (await inner.history("test-loop")).runs.map(({ run_id, status }) => [run_id, status]);
    expect(archived.sort()).toEqual([
      ["BESIDE", "completed"],
      ["KILLED", "running"],
    ]);
  });

  it("leaves a living run of the same loop alone", async () => {
    const store = memoryStore();
    const running = signal();
    const finish = signal();
    const busy = fakeRunner(async () => {
      running.reach();
      await finish.reached;
      return 0;
    });
    const first = runLoop({ definition: abc, store, runner: busy });
    await running.reached;
    const runner = echo();
    expect(await runLoop({ definition: abc, store, runner })).toMatchObject({ status: "completed" });
    expect(runner.orphans).toEqual([]);
    finish.reach();
    expect(await first).toMatchObject({ status: "completed" });
  });
});
