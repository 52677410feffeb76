import type { StateStore } from "@loops/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { memoryStore, type RunLoopOptions, resumeLoop, runLoop } from "../../src/index.js";
import type { RunState } from "../../src/run-state.js";
import { chain, done, inner, library, middle, outer, told } from "./children.js";
import { fakeRunner, forever, recorder, signal, tapped } from "./harness.js";
import { loopOf } from "./machines.js";

const echo = () => fakeRunner((request) => ({ output: `<${request.command}>` }));
const nested = library(inner, middle);
const ids = (...names: string[]) => {
  let next = 0;
  return () => names[next++] ?? `RUN${next}`;
};
const whole = [
  "0 loop_start",
  "0 state_enter begin",
  "0 action_start begin",
  "0 action_complete",
  "0 route sub",
  "0 state_enter sub",
  "1 loop_start",
  "1 state_enter open",
  "1 action_start open",
  "1 action_complete",
  "1 route inside",
  "1 state_enter inside",
  "2 loop_start",
  "2 state_enter dig",
  "2 action_start dig",
  "2 action_complete",
  "2 route done",
  "2 loop_complete terminal",
  "1 route close",
  "1 state_enter close",
  "1 action_start close <dig>",
  "1 action_complete",
  "1 route done",
  "1 loop_complete terminal",
  "0 route finish",
  "0 state_enter finish",
  "0 action_start finish <close <dig>>",
  "0 action_complete",
  "0 route done",
  "0 loop_complete terminal",
];

/** The last commit is the intent of the innermost action. */
const inTheInnermost = 12;

/** Runs a loop in a process that dies: of all commits, of every run, those after `commits` never happen. */
async function killedAfter(commits: number, options: Omit<RunLoopOptions, "store">): Promise<StateStore<RunState>> {
  const store = memoryStore();
  const killed = signal();
  const dying = tapped(store, (_commit, count) => {
    if (count <= commits) return undefined;
    killed.reach();
    return forever;
  });
  void runLoop({ ...options, store: dying });
  await killed.reached;
  for (const lease of dying.leases) await lease.release();
  return store;
}

describe("a child loop", () => {
  it("is a run of its own between the entry of its state and the way out; its captures are its parent's", async () => {
    const bus = recorder();
    const store = memoryStore();
    const newRunId = ids("A", "B", "C");
    const result = await runLoop({ definition: outer, store, bus, runner: echo(), resolveLoop: nested, newRunId });
    expect(told(bus.events)).toEqual(whole);
    expect(result).toMatchObject({ status: "completed", iterations: 3 });
    expect(result.captured).toMatchObject({
      sub: { closed: { output: "<close <dig>>" }, inside: { found: { output: "<dig>" } } },
    });
    const [start, , , , , , childStart] = bus.events;
    expect(start).not.toHaveProperty("parent_run_id");
    expect(childStart).toMatchObject({ run_id: "B", loop: "middle", depth: 1, parent_run_id: "A" });
    expect(bus.events[12]).toMatchObject({ run_id: "C", loop: "inner", depth: 2, parent_run_id: "B" });
  });

  it("is archived once its parent has recorded what it came to", async () => {
    const store = memoryStore();
    const newRunId = ids("A", "B", "C");
    await runLoop({ definition: outer, store, runner: echo(), resolveLoop: nested, newRunId });
    expect((await store.list()).runs).toMatchObject([{ run_id: "A" }]);
    expect((await store.history("middle")).runs).toMatchObject([{ run_id: "B", parent_run_id: "A", depth: 1 }]);
    expect((await store.history("inner")).runs).toMatchObject([{ run_id: "C", parent_run_id: "B", depth: 2 }]);
  });

  it("is kept while its events may not have reached the sinks", async () => {
    const store = memoryStore();
    const bus = recorder(() => Promise.resolve({ ok: false }));
    await runLoop({ definition: outer, store, bus, runner: echo(), resolveLoop: nested, newRunId: ids("A", "B", "C") });
    expect((await store.list()).runs.map(({ run_id }) => run_id).sort()).toEqual(["A", "B", "C"]);
  });

  it("B-29: evaluates for itself: what its parent evaluated and did last stays, and a fatal error is an error of it", async () => {
    const child = chain("child", {
      look: { action: "look", evaluate: { type: "exit_code" }, on_yes: "die", on_no: "die" },
      die: { action: "die", next: "done" },
    });
    const definition = loopOf({
      a: { action: "a", on_yes: "sub", on_no: "sub" },
      sub: { loop: "child", on_yes: "done", on_no: "done", on_error: "b" },
      b: { action: `\${result.verdict} \${prev.state}`, next: "done" },
      done,
    });
    const runner = fakeRunner(({ command }) => {
      if (command === "a") return 1;
      return { output: command === "die" ? "FATAL_ERROR: no way" : "" };
    });
    const bus = recorder();
    const result = await runLoop({ definition, store: memoryStore(), bus, runner, resolveLoop: library(child) });
    expect(runner.requests.at(-1)?.command).toBe("no a");
    expect(result.status).toBe("completed");
    expect(bus.named("loop_complete")[0]).toMatchObject({
      loop: "child",
      terminated_by: "error",
      error: { type: "LOOPS_FATAL_SIGNAL", message: "no way" },
    });
  });

  it("B-51: sees its own context, and with context_passthrough under it that of its parent and its captures as text", async () => {
    const child = chain(
      "child",
      { say: { action: `\${context.who} \${context.what:default=-} \${context.report:default=-}` } },
      { context: { who: "child" } },
    );
    const said = async (context_passthrough: boolean) => {
      const definition = chain("parent", {
        report: { action: "all well", capture: "report" },
        sub: { loop: "child", context_passthrough },
      });
      const runner = echo();
      const context = { who: "parent", what: "types" };
      await runLoop({ definition, context, store: memoryStore(), runner, resolveLoop: library(child) });
      return runner.requests.at(-1)?.command;
    };
    expect(await said(true)).toBe("child types <all well>");
    expect(await said(false)).toBe("child - -");
  });

  const taking = chain(
    "child",
    { say: { action: `\${context.who} \${context.what} \${context.how} \${context.left:default=-}` } },
    {
      context: { who: "child", what: "own" },
      parameters: {
        what: { type: "string", required: true },
        who: { type: "string" },
        how: { type: "string", default: "well" },
      },
    },
  );

  it("is given values by name, over its own: defaults of its parameters, then what its state says, filled in there", async () => {
    const definition = chain("parent", {
      look: { action: "look", capture: "seen" },
      sub: { loop: "child", with: { what: `\${captured.seen.output}!` } },
    });
    const runner = echo();
    const context = { left: "parent" };
    const result = await runLoop({ definition, context, store: memoryStore(), runner, resolveLoop: library(taking) });
    expect(result.status).toBe("completed");
    expect(runner.requests.at(-1)?.command).toBe("child <look>! well -");
  });

  it("has defaults for its parameters only where it is given values by name", async () => {
    const definition = chain("parent", { sub: { loop: "child", on_yes: "done", on_no: "done" } });
    const bus = recorder();
    const resolveLoop = library(taking);
    const result = await runLoop({ definition, store: memoryStore(), bus, runner: echo(), resolveLoop });
    expect(result.status).toBe("completed");
    expect(bus.named("loop_complete")[0]).toMatchObject({ depth: 1, error: { type: "LOOPS_INTERPOLATION" } });
  });

  it("gets what was meant for it when it is begun by a later process, whatever that would fill in", async () => {
    const sub = { loop: "child", with: { what: `\${env.LOOPS_TEST_WHAT}` } };
    const options = { definition: chain("parent", { sub }), resolveLoop: library(taking) };
    vi.stubEnv("LOOPS_TEST_WHAT", "first");
    onTestFinished(() => void vi.unstubAllEnvs());
    const store = memoryStore();
    const killed = signal();
    const dying = tapped(store, () => undefined);
    const resolveLoop = () => {
      // What is meant is recorded; the child is not there yet.
      killed.reach();
      return forever;
    };
    void runLoop({ ...options, store: dying, resolveLoop });
    await killed.reached;
    for (const lease of dying.leases) await lease.release();
    vi.stubEnv("LOOPS_TEST_WHAT", "second");
    const runner = echo();
    expect(await resumeLoop({ run: "parent", store, runner, resolveLoop: options.resolveLoop })).toMatchObject({
      status: "completed",
    });
    expect(runner.requests.map(({ command }) => command)).toEqual(["child first well -"]);
  });

  it("has limits of its own, not those given for its parent's run", async () => {
    const child = loopOf({ a: { action: "a", next: "a" }, done }, { name: "child", max_iterations: 3 });
    const definition = loopOf({ sub: { loop: "child", on_yes: "yes", on_no: "no" }, yes: done, no: done });
    const runner = echo();
    const store = memoryStore();
    const limits = { maxIterations: 1 };
    const result = await runLoop({ definition, limits, store, runner, resolveLoop: library(child) });
    expect(runner.started).toHaveLength(3);
    expect(result).toMatchObject({ final_state: "no", terminated_by: "terminal" });
    // Nobody will go on with it: it does not stay among the runs that wait for that.
    expect((await store.list()).runs).toHaveLength(1);
    expect((await store.history("child")).runs).toMatchObject([{ status: "interrupted" }]);
  });

  it("has no more time than its parent has left", async () => {
    let nowMs = 0;
    const clock = { isoNow: () => "2026-01-01T00:00:00.000Z", monotonicMs: () => nowMs };
    const child = loopOf({ a: { action: "a", next: "a" }, done }, { name: "child", timeout: 60 });
    const definition = loopOf({ sub: { loop: "child", on_yes: "done", on_no: "sub" }, done }, { timeout: 10 });
    const runner = fakeRunner(() => {
      nowMs += 3000;
      return 0;
    });
    const bus = recorder();
    const options = { definition, clock, bus, runner, store: memoryStore(), resolveLoop: library(child) };
    expect(await runLoop(options)).toMatchObject({ status: "timed_out", duration_ms: 12_000 });
    expect(bus.named("loop_complete")).toMatchObject([
      { depth: 1, terminated_by: "timeout", iterations: 4 },
      { depth: 0, terminated_by: "timeout", iterations: 1 },
    ]);
  });
});

describe("a child loop that cannot begin", () => {
  const missing = { loop: "missing", on_yes: "done", on_no: "done" };
  const resolveLoop = library();

  it("is an error of its state, and the end of the run where no way is meant for errors", async () => {
    const bus = recorder();
    const definition = loopOf({ sub: { ...missing, on_error: "mend" }, mend: { action: "mend", next: "done" }, done });
    const store = memoryStore();
    expect(await runLoop({ definition, store, bus, runner: echo(), resolveLoop })).toMatchObject({
      status: "completed",
    });
    expect(told(bus.events).slice(1, 4)).toEqual(["0 state_enter sub", "0 route mend", "0 state_enter mend"]);
    const ended = await runLoop({ definition: loopOf({ sub: missing, done }), store: memoryStore(), resolveLoop });
    expect(ended).toMatchObject({ status: "failed", error: { message: "no loop missing", state: "sub" } });
  });

  it("B-56: is refused what it does not take, where that was not known when its parent was loaded", async () => {
    const child = chain("child", { a: { action: "a" } }, { parameters: { n: { type: "integer", required: true } } });
    const errorOf = async (given: Record<string, unknown>) => {
      const definition = loopOf({ sub: { loop: "child", with: given, on_yes: "done", on_no: "done" }, done });
      return (await runLoop({ definition, store: memoryStore(), runner: echo(), resolveLoop: library(child) })).error;
    };
    expect(await errorOf({ n: `\${state.iteration}` })).toBeUndefined();
    expect(await errorOf({ n: "many" })).toMatchObject({
      type: "LOOPS_PARAMETERS",
      state: "sub",
      message: '[engine] "with": the parameter "n" of the loop "child" is a whole number; found "many".',
    });
    expect((await errorOf({ m: 1 }))?.message).toMatch(/has no parameter "m".*needs "n"/);
    const caught = loopOf({ sub: { loop: "child", with: { m: 1 }, on_yes: "x", on_error: "done" }, x: done, done });
    const options = { definition: caught, store: memoryStore(), runner: echo(), resolveLoop: library(child) };
    expect(await runLoop(options)).toMatchObject({ status: "completed", final_state: "done" });
  });

  it("ends its parent where what it is to be given cannot be filled in", async () => {
    const definition = chain("parent", { sub: { loop: "child", with: { what: `\${captured.nothing.output}` } } });
    const result = await runLoop({ definition, store: memoryStore(), resolveLoop: library(inner) });
    expect(result).toMatchObject({ status: "failed", error: { type: "LOOPS_INTERPOLATION", state: "sub" } });
  });

  it("is told by its resolver what is no loop", async () => {
    const definition = loopOf({ sub: missing, done });
    const errorOf = async (found: unknown) =>
      (await runLoop({ definition, store: memoryStore(), resolveLoop: () => found as never })).error?.type;
    expect(await errorOf({})).toBe("LOOPS_CONFIG");
    expect(await errorOf(undefined)).toBe("LOOPS_CONFIG");
    expect(await errorOf({ ...inner, name: "../evil" })).toBe("LOOPS_NAME");
  });

  it("B-52: because it is part of itself ends with one clear error", async () => {
    const self = loopOf({ sub: { loop: "self", on_yes: "done", on_no: "done" }, done }, { name: "self" });
    const bus = recorder();
    const store = memoryStore();
    const result = await runLoop({ definition: self, store, bus, resolveLoop: library(self), maxDepth: 4 });
    expect(result).toMatchObject({ status: "failed", error: { type: "LOOPS_DEPTH", state: "sub" } });
    expect(result.error?.message).toContain('"self" would be nested more than 4 deep');
    expect(bus.named("loop_start").map(({ depth }) => depth)).toEqual([0, 1, 2, 3, 4]);
    expect(bus.named("loop_complete")).toHaveLength(5);

    const caught = loopOf(
      { sub: { loop: "self", on_yes: "done", on_no: "x", on_error: "done" }, x: done, done },
      { name: "self" },
    );
    const routed = await runLoop({ definition: caught, store: memoryStore(), resolveLoop: library(caught) });
    expect(routed).toMatchObject({ status: "completed", final_state: "done" });
  });
});

describe("a parent that is stopped", () => {
  /** Runs the three loops, and does something while the innermost acts. */
  async function whileDigging(
    meanwhile: (store: StateStore<RunState>) => void | Promise<void>,
    options: Partial<RunLoopOptions> = {},
  ) {
    const store = memoryStore();
    const bus = recorder();
    const runner = fakeRunner(async ({ command, signal: force }) => {
      if (command === "dig") await meanwhile(store);
      return force.aborted ? { kind: "cancelled" } : { output: `<${command}>` };
    });
    const newRunId = ids("A", "B", "C");
    const result = await runLoop({ definition: outer, resolveLoop: nested, store, bus, runner, newRunId, ...options });
    return { result, store, bus, runner };
  }
  const statuses = async (store: StateStore<RunState>) =>
    Object.fromEntries((await store.list()).runs.map(({ run_id, status }) => [run_id, status]));

  it.each(["the store", "its signal"])("by %s stops its children with it, and goes on with them", async (by) => {
    const stop = new AbortController();
    const { result, store, bus } = await whileDigging(
      (runs) => (by === "its signal" ? stop.abort() : runs.requestStop("A")),
      { signal: stop.signal },
    );
    expect(result).toMatchObject({ status: "interrupted", final_state: "sub" });
    // The innermost was done with its last action: done is done.
    expect(told(bus.events).slice(-4)).toEqual([
      "2 loop_complete terminal",
      "1 route close",
      "1 loop_complete signal",
      "0 loop_complete signal",
    ]);
    expect(await statuses(store)).toEqual({ A: "interrupted", B: "interrupted" });
    const runner = echo();
    const resumed = recorder();
    expect(await resumeLoop({ run: "A", store, runner, bus: resumed, resolveLoop: nested })).toMatchObject({
      status: "completed",
    });
    expect(told(resumed.events).slice(0, 3)).toEqual(["0 loop_resume", "1 loop_resume", "1 state_enter close"]);
    expect(runner.started).toEqual(["B:3", "A:3"]);
  });

  it("by force ends the action of its child, which is then run again", async () => {
    const force = new AbortController();
    const { result, store } = await whileDigging(() => force.abort(), { forceSignal: force.signal });
    expect(result).toMatchObject({ status: "interrupted" });
    expect(await statuses(store)).toEqual({ A: "interrupted", B: "interrupted", C: "interrupted" });
    const runner = echo();
    const resumed = recorder();
    await resumeLoop({ run: "outer", store, runner, bus: resumed, resolveLoop: nested });
    expect(told(resumed.events).slice(0, 4)).toEqual([
      "0 loop_resume",
      "1 loop_resume",
      "2 loop_resume",
      "2 state_enter dig",
    ]);
    expect(runner.started).toEqual(["C:1", "B:3", "A:3"]);
    expect(await statuses(store)).toEqual({ A: "completed" });
  });

  it("is not, where its child alone is stopped: that is a no of the child", async () => {
    const definition = loopOf({ sub: { loop: "two", on_yes: "yes", on_no: "no" }, yes: done, no: done });
    const two = chain("two", { dig: { action: "dig" }, more: { action: "more" } });
    const { result } = await whileDigging((runs) => runs.requestStop("B"), { definition, resolveLoop: library(two) });
    expect(result).toMatchObject({ status: "completed", final_state: "no" });
    const says = fakeRunner(() => ({ output: "LOOP_STOP: enough" }));
    const stopped = await runLoop({ definition, store: memoryStore(), runner: says, resolveLoop: library(two) });
    expect(stopped).toMatchObject({ status: "completed", final_state: "no" });
  });

  it("B-53: by a handoff of its child waits with it, and goes on with it", async () => {
    const store = memoryStore();
    let context = "used up";
    const runner = fakeRunner(({ command }) => ({
      output: command === "dig" && context === "used up" ? "CONTEXT_HANDOFF: dig deeper" : `<${command}>`,
    }));
    const options = { store, runner, resolveLoop: nested };
    const spawning = { ...inner, on_handoff: "spawn" as const };
    const left = await runLoop({
      ...options,
      definition: outer,
      resolveLoop: library(middle, spawning),
      newRunId: ids("A", "B", "C"),
      onWarning: (warning) => expect.unreachable(warning.message),
    });
    expect(left).toMatchObject({ status: "awaiting_continuation", handoff: true, continuation_prompt: "dig deeper" });
    context = "new";
    const bus = recorder();
    expect(await resumeLoop({ ...options, run: "A", bus })).toMatchObject({ status: "completed" });
    expect(bus.named("loop_resume")).toMatchObject(
      [0, 1, 2].map((depth) => ({ depth, from_handoff: true, continuation_prompt: "dig deeper" })),
    );
    expect(runner.requests.find(({ env }) => env["LOOPS_CONTINUATION_PROMPT"] !== undefined)).toMatchObject({
      command: "dig",
      env: { LOOPS_IDEMPOTENCY_KEY: "C:1.1" },
    });
  });
});

describe("a parent that is killed", () => {
  const options = () => ({ definition: outer, resolveLoop: nested, newRunId: ids("A", "B", "C") });

  it("goes on with its children whichever commit was the last, and repeats no action that was recorded", async () => {
    const plain = tapped(memoryStore());
    await runLoop({ ...options(), store: plain, runner: echo() });
    const expected = await plain.find("A");
    for (let last = 1; last < plain.commits.length; last++) {
      const before = echo();
      const lost = recorder();
      const store = await killedAfter(last, { ...options(), runner: before, bus: lost });
      const recorded = (await everything(store)).filter(({ event }) => event === "action_complete").length;
      const after = echo();
      const bus = recorder();
      const result = await resumeLoop({
        run: "A",
        store,
        runner: after,
        bus,
        resolveLoop: nested,
        newRunId: ids("B2", "C2"),
      });
      expect(result, `after ${last}`).toMatchObject({ status: "completed", captured: expected?.captured });
      expect(after.started, `after ${last}`).toHaveLength(5 - recorded);
      const events = await everything(store);
      expect(events.filter(({ event }) => event === "action_complete")).toHaveLength(5);
      // Every run begins and ends once, and what it stored is what its sinks were told in the end.
      for (const loop of ["outer", "middle", "inner"]) {
        const stored = events.filter((event) => event["loop"] === loop).map(({ id }) => id);
        const had = [...lost.events, ...bus.events].filter((event) => event["loop"] === loop).map(({ id }) => id);
        expect([...new Set(had)], `${loop} after ${last}`).toEqual(stored);
      }
      for (const name of ["loop_start", "loop_complete"]) {
        expect(events.filter(({ event }) => event === name)).toHaveLength(3);
      }
      expect((await store.list()).runs).toMatchObject([{ run_id: "A" }]);
    }
  });

  /** The events of all runs, archived ones too. */
  async function everything(store: StateStore<RunState>) {
    const archived = await Promise.all(["outer", "middle", "inner"].map((loop) => store.history(loop)));
    const runs = [await store.list(), ...archived].flatMap((list) => list.runs);
    return (await Promise.all(runs.map((run) => store.readEvents(run.loop_name, run.run_id)))).flat();
  }

  it("goes on with the child's own definition, and needs its file no more", async () => {
    const store = await killedAfter(inTheInnermost, { ...options(), runner: echo() });
    const runner = echo();
    const result = await resumeLoop({ run: "A", store, runner, resolveLoop: library() });
    expect(result.status).toBe("completed");
    expect(runner.started).toEqual(["C:1", "B:3", "A:3"]);
  });

  it("settles what is in doubt in a child as it was wished, before anything is recorded", async () => {
    const killedInside = () => killedAfter(inTheInnermost, { ...options(), runner: echo() });
    const store = await killedInside();
    const states = async () => (await store.list()).runs;
    const before = await states();
    const resuming = { run: "A", store, runner: echo(), resolveLoop: nested };
    await expect(resumeLoop({ ...resuming, inDoubt: "ask" })).rejects.toMatchObject({ code: "LOOPS_IN_DOUBT" });
    expect(await states()).toEqual(before);
    const asked: string[] = [];
    const result = await resumeLoop({
      ...resuming,
      inDoubt: "ask",
      onInDoubt: ({ run_id, loop, action }) => {
        asked.push(`${run_id} ${loop} ${action}`);
        return "fail";
      },
    });
    expect(asked).toEqual(["C inner dig"]);
    expect(resuming.runner.orphans).toHaveLength(2);
    // The child failed; a no for its parent.
    expect(result).toMatchObject({ status: "completed" });
    expect(resuming.runner.started).toEqual(["B:3", "A:3"]);
  });

  it("stays as it was while somebody goes on with the child alone, and then takes what that came to", async () => {
    const store = await killedAfter(inTheInnermost, { ...options(), runner: echo() });
    const busy = signal();
    const finish = signal();
    const runner = fakeRunner(async ({ command }) => {
      busy.reach();
      await finish.reached;
      return { output: `<${command}>` };
    });
    const alone = resumeLoop({ run: "C", store, runner });
    await busy.reached;
    const before = await store.find("A");
    const resuming = { run: "A", store, runner: echo(), resolveLoop: nested };
    await expect(resumeLoop(resuming)).rejects.toMatchObject({ code: "LOOPS_RUN_OWNED" });
    expect(await store.find("A")).toEqual(before);
    finish.reach();
    expect(await alone).toMatchObject({ loop: "inner", status: "completed" });
    expect(await resumeLoop(resuming)).toMatchObject({ captured: { sub: { closed: { output: "<close <dig>>" } } } });
    expect(resuming.runner.started).toEqual(["B:3", "A:3"]);
  });

  it("counts the time of its child as its own, also what it had no occasion to record", async () => {
    let nowMs = 0;
    const clock = { isoNow: () => "2026-01-01T00:00:00.000Z", monotonicMs: () => nowMs };
    const slow = () =>
      fakeRunner(() => {
        nowMs += 100;
        return 0;
      });
    const twice = chain("twice", { one: { action: "one" }, two: { action: "two" } });
    const definition = chain("parent", { before: { action: "before" }, sub: { loop: "twice" } });
    const resolveLoop = library(twice);
    // The last commit is the second action's intent in the child.
    const store = await killedAfter(10, { definition, clock, runner: slow(), resolveLoop, newRunId: ids("A", "B") });
    expect(await store.find("A")).toMatchObject({ accumulated_ms: 100 });
    expect(await store.find("B")).toMatchObject({ accumulated_ms: 100, current_state: "two" });
    nowMs = 50_000;
    expect(await resumeLoop({ run: "A", store, clock, runner: slow(), resolveLoop })).toMatchObject({
      duration_ms: 300,
    });
  });

  it("whose place a new run takes leaves neither orphans nor unsent events of its children", async () => {
    const lost = recorder(() => Promise.resolve({ ok: false }));
    const store = await killedAfter(inTheInnermost, { ...options(), runner: echo(), bus: lost });
    const runner = echo();
    const bus = recorder();
    await runLoop({ definition: outer, resolveLoop: nested, store, runner, bus });
    expect(runner.orphans).toHaveLength(1);
    const again = new Set(bus.events.map(({ id }) => id));
    expect(lost.events.filter(({ id }) => !again.has(id))).toEqual([]);
    expect((await store.history("inner")).runs.map(({ run_id }) => run_id)).toContain("C");
  });
});

it("a store that fails under a child stops its parents too, and all of them go on once it can be written", async () => {
  const store = memoryStore();
  const failing = tapped(store, ({ events }) => {
    if (events.some(({ action }) => action === "dig")) throw new Error("the disk is full");
  });
  const options = { definition: outer, resolveLoop: nested, newRunId: ids("A", "B", "C") };
  const before = echo();
  const failed = runLoop({ ...options, store: failing, runner: before });
  await expect(failed).rejects.toMatchObject({ code: "LOOPS_STORE_WRITE" });
  expect(before.requests.map(({ command }) => command)).toEqual(["begin", "open", "dig"]);
  expect(before.abandoned).toEqual(["C:1"]);
  for (const run of ["A", "B", "C"]) expect(await store.isOwned(run)).toBe(false);
  const runner = echo();
  expect(await resumeLoop({ run: "A", store, runner, resolveLoop: nested })).toMatchObject({ status: "completed" });
  expect(runner.started).toEqual(["C:1", "B:3", "A:3"]);
});

it("a child goes on with its own definition when its parent goes on with a new one, and is routed by that", async () => {
  const store = await killedAfter(inTheInnermost, {
    definition: outer,
    resolveLoop: nested,
    runner: echo(),
    newRunId: ids("A", "B", "C"),
  });
  const definition = { ...outer, states: { ...outer.states, sub: { loop: "other", on_yes: "done", on_no: "sub" } } };
  const runner = echo();
  const result = await resumeLoop({ run: "A", definition, onDrift: "use-given", store, runner, resolveLoop: nested });
  expect(result).toMatchObject({ status: "completed", iterations: 2 });
  expect(runner.started).toEqual(["C:1", "B:3"]);
});

it("children of one loop in several parents at once do not get in each other's way", async () => {
  const store = memoryStore();
  const all = signal();
  let waiting = 0;
  const runner = fakeRunner(async ({ command }) => {
    if (command === "dig" && ++waiting === 3) all.reach();
    if (command === "dig") await all.reached;
    return { output: `<${command}>` };
  });
  const run = () => runLoop({ definition: outer, clearPrevious: false, resolveLoop: nested, store, runner });
  const results = await Promise.all([run(), run(), run()]);
  expect(results.map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
  const { runs } = await store.history("inner");
  expect(new Set(runs.map(({ parent_run_id }) => parent_run_id)).size).toBe(3);
});
