import { createBus, type LoopEvent } from "@loops/core";
import { describe, expect, it } from "vitest";
import type { FsmEvent } from "../../src/events.js";
import { memoryStore, runLoop } from "../../src/index.js";
import { fakeRunner, recorder, tapped } from "./harness.js";
import { loopOf } from "./machines.js";

const twoRounds = loopOf({
  check: { action: `test \${prev.output:default=first}`, capture: "last", on_yes: "done", on_no: "fix" },
  fix: { action: "mend", next: "check" },
  done: { terminal: true },
});
const failsOnce = () => {
  let runs = 0;
  return fakeRunner((request) => {
    if (request.command === "mend") return { output: "mended", exit_code: 0 };
    request.onLine("looking");
    runs += 1;
    return { output: "looking\n", exit_code: runs === 1 ? 1 : 0 };
  });
};

const own = ({ event, ts, id, run_id, loop, depth, ...fields }: LoopEvent) => ({ event, ...fields });

describe("the events of a run", () => {
  it("come in order, with their fields, and name their run right after event, ts and id", async () => {
    const bus = recorder();
    const { run_id } = await runLoop({ definition: twoRounds, store: memoryStore(), bus, runner: failsOnce() });

    expect(bus.events.map(own)).toEqual([
      { event: "loop_start" },
      { event: "state_enter", state: "check", iteration: 1 },
      { event: "action_start", action: "test first", is_prompt: false },
      { event: "action_output", line: "looking" },
      { event: "action_complete", exit_code: 1, duration_ms: 1, output_preview: "looking", is_prompt: false },
      { event: "evaluate", type: "default", verdict: "no", exit_code: 1 },
      { event: "route", from: "check", to: "fix" },
      { event: "state_enter", state: "fix", iteration: 2 },
      { event: "action_start", action: "mend", is_prompt: false },
      { event: "action_complete", exit_code: 0, duration_ms: 1, output_preview: "mended", is_prompt: false },
      { event: "route", from: "fix", to: "check" },
      { event: "state_enter", state: "check", iteration: 3 },
      { event: "action_start", action: "test mended", is_prompt: false },
      { event: "action_output", line: "looking" },
      { event: "action_complete", exit_code: 0, duration_ms: 1, output_preview: "looking", is_prompt: false },
      { event: "evaluate", type: "default", verdict: "yes", exit_code: 0 },
      { event: "route", from: "check", to: "done" },
      { event: "loop_complete", final_state: "done", iterations: 3, terminated_by: "terminal" },
    ]);
    for (const event of bus.events) {
      expect(Object.keys(event).slice(0, 6)).toEqual(["event", "ts", "id", "run_id", "loop", "depth"]);
      expect(event).toMatchObject({ run_id, loop: "test-loop", depth: 0 });
      expect(new Date(event.ts).toISOString()).toBe(event.ts);
    }
    expect(new Set(bus.events.map((event) => event.id)).size).toBe(bus.events.length);
  });

  it("B-4: are committed before the bus hears of them, all by one path, under the same id and ts", async () => {
    const store = tapped(memoryStore());
    const unknown: LoopEvent[] = [];
    const heard: LoopEvent[] = [];
    const bus = {
      emit: (event: LoopEvent) => {
        heard.push(event);
        const committed = store.commits.flatMap((commit) => commit.events);
        if (!committed.includes(event)) unknown.push(event);
      },
    };
    const { run_id } = await runLoop({ definition: twoRounds, store, bus, runner: failsOnce() });
    expect(unknown).toEqual([]);
    expect(heard).toEqual(await store.readEvents("test-loop", run_id));
  });

  it("P-14: are committed as intent, result and route, each with the state that it stands for", async () => {
    const store = tapped(memoryStore());
    const loop = loopOf({ a: { action: "work", capture: "mine", on_yes: "done" }, done: { terminal: true } });
    const { run_id } = await runLoop({ definition: loop, store, runner: fakeRunner(() => ({ output: "out" })) });

    const result = { output: "out", stderr: "", exit_code: 0, duration_ms: 1 };
    expect(store.commits.map(({ events, delta }) => [events.map((event) => event.event), delta])).toMatchObject([
      [["loop_start"], {}],
      [
        ["state_enter", "action_start"],
        {
          set: {
            phase: "acting",
            iteration: 1,
            pending_action: { key: `${run_id}:1`, command: "work", process: { pid: 4711 } },
          },
        },
      ],
      [["action_complete"], { set: { phase: "acted", pending_action: null }, captured: { mine: result } }],
      [["evaluate", "route"], { set: { phase: "ready", current_state: "done", prev_result: { output: "out" } } }],
      [["loop_complete"], { set: { phase: "ended", status: "completed" } }],
    ]);
  });

  it("P-15: the state says running until the last commit, also on the way to a terminal state", async () => {
    const statuses: unknown[] = [];
    const inner = memoryStore();
    const store = tapped(inner, async () => {
      statuses.push((await inner.list()).runs[0]?.status);
    });
    const loop = loopOf({ a: { next: "done" }, done: { terminal: true } });
    await runLoop({ definition: loop, store });
    expect(statuses).toEqual([undefined, "running", "running", "running"]);
    expect((await inner.list()).runs[0]?.status).toBe("completed");
  });

  it("lines of output that come together are committed together, in order and before the result", async () => {
    const store = tapped(memoryStore());
    const bus = recorder();
    const loop = loopOf({ a: { action: "chat", next: "done" }, done: { terminal: true } });
    const lines = Array.from({ length: 1000 }, (_, index) => `line ${index}`);
    const runner = fakeRunner(async (request) => {
      for (const line of lines) request.onLine(line);
      await new Promise((resolve) => setImmediate(resolve));
      request.onLine("last");
      return 0;
    });
    await runLoop({ definition: loop, store, bus, runner });
    expect(bus.named("action_output").map((event) => event["line"])).toEqual([...lines, "last"]);
    expect(bus.names().slice(-4)).toEqual(["action_output", "action_complete", "route", "loop_complete"]);
    expect(store.commits.length).toBeLessThan(30);
    expect(Math.max(...store.commits.map(({ events }) => events.length))).toBe(64);
    const ofLines = store.commits.filter(({ events }) => events[0]?.event === "action_output");
    expect(ofLines.every(({ delta }, index) => index === ofLines.length - 1 || Object.keys(delta).length === 0)).toBe(
      true,
    );
  });

  it("keep their order with a store that takes its time, and are committed one batch at a time", async () => {
    let writing = 0;
    const store = tapped(memoryStore(), async (_commit, count) => {
      writing += 1;
      expect(writing).toBe(1);
      for (let turns = count % 3; turns >= 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      writing -= 1;
    });
    const bus = recorder();
    const loop = loopOf({ a: { action: "chat", next: "done" }, done: { terminal: true } });
    const runner = fakeRunner(async (request) => {
      for (let line = 0; line < 300; line++) {
        request.onLine(String(line));
        if (line % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return 0;
    });
    const { run_id } = await runLoop({ definition: loop, store, bus, runner });
    const lines = bus.named("action_output").map((event) => Number(event["line"]));
    expect(lines).toEqual(lines.map((_, index) => index));
    expect(lines).toHaveLength(300);
    expect(bus.events).toEqual(await store.readEvents("test-loop", run_id));
  });

  it("B-31: a bus that throws harms nothing, and is reported once", async () => {
    const warnings: Error[] = [];
    const bus = {
      emit: () => {
        throw new Error("sink on fire");
      },
      flush: () => Promise.reject(new Error("no flush either")),
    };
    const store = memoryStore();
    const onWarning = (warning: Error) => void warnings.push(warning);
    const result = await runLoop({ definition: twoRounds, store, bus, runner: failsOnce(), onWarning });
    expect(result.status).toBe("completed");
    expect(warnings.map((warning) => (warning as { code?: string }).code)).toEqual(["LOOPS_BUS", "LOOPS_FLUSH_MARK"]);
  });

  it("go out on a bus of core, whose listeners are told apart by name", async () => {
    const bus = createBus<FsmEvent>();
    const seen: string[] = [];
    bus.on("route", (event) => void seen.push(`${event.from}->${event.to}`));
    await runLoop({ definition: twoRounds, store: memoryStore(), bus, runner: failsOnce() });
    await bus.close();
    expect(seen).toEqual(["check->fix", "fix->check", "check->done"]);
  });
});

it("an action is told which run, state and attempt it is of, beside what the caller adds", async () => {
  const runner = failsOnce();
  const options = { definition: twoRounds, store: memoryStore(), runner, cwd: "/somewhere", newRunId: () => "RUN" };
  await runLoop({ ...options, actionEnv: ({ state, key }) => ({ MINE: `${state} ${key}`, LOOPS_STATE: "not this" }) });
  expect(runner.requests[1]).toMatchObject({
    cwd: "/somewhere",
    env: {
      MINE: "fix RUN:2",
      LOOPS_RUN_ID: "RUN",
      LOOPS_LOOP: "test-loop",
      LOOPS_STATE: "fix",
      LOOPS_ITERATION: "2",
      LOOPS_ATTEMPT: "1",
      LOOPS_IDEMPOTENCY_KEY: "RUN:2",
    },
  });
});

it("an action finds what was captured in its environment, under what the engine itself says", async () => {
  const runner = fakeRunner(({ command }) => ({ output: `<${command}>` }));
  const states = { a: { action: "one", capture: "first", next: "b" }, b: { action: "two", next: "done" } };
  const definition = loopOf({ ...states, done: { terminal: true } });
  const actionEnv = () => ({ MINE: "1", LOOPS_CAPTURED_FIRST: "not this" });
  await runLoop({ definition, store: memoryStore(), runner, actionEnv });
  expect(runner.requests[0]?.env["LOOPS_CAPTURED_FIRST"]).toBe("not this");
  expect(runner.requests[1]?.env).toMatchObject({ MINE: "1", LOOPS_CAPTURED_FIRST: "<one>", LOOPS_STATE: "b" });
});
