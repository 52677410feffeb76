import { describe, expect, it } from "vitest";
import { loopOf } from "../../test/engine/machines.js";
import { acted, newRun, pureRun, resultWith, take } from "../../test/engine/pure-run.js";
import type { RunState } from "../run-state.js";
import { applyDelta } from "./delta.js";
import type { Facts } from "./types.js";

const done = { terminal: true };

it("says what a command left on standard error, and nothing where it left nothing", () => {
  const completed = (stderr: string) => {
    const running = newRun(loopOf({ a: { action: "work", next: "done" }, done }));
    const entered = applyDelta(running, take(running, { kind: "advance" }).delta);
    return take(entered, { kind: "acted", result: { ...resultWith(1), stderr } }).events[0];
  };
  expect(completed(`${"x".repeat(3000)} not found\n`)).toMatchObject({
    event: "action_complete",
    stderr_preview: expect.stringMatching(/^x{1000,1999} not found$/),
  });
  expect(completed("")).not.toHaveProperty("stderr_preview");
});

describe("entering a state", () => {
  const looping = loopOf({ a: { action: "work", on_yes: "done", on_no: "a" }, done });

  it("B-18: a terminal state comes before every limit and before a stop", () => {
    const state = { ...newRun(loopOf({ done }, { max_iterations: 1, timeout: 1 })), iteration: 1 };
    const { events, delta } = take(state, { kind: "advance" }, { elapsedMs: 5000, stopRequested: true });
    expect(events).toEqual([{ event: "loop_complete", final_state: "done", iterations: 1, terminated_by: "terminal" }]);
    expect(delta.set).toMatchObject({ status: "completed", phase: "ended" });
  });

  it("a stop comes before the iteration limit, and that before the timeout", () => {
    const state = { ...newRun({ ...looping, max_iterations: 1, timeout: 1 }), iteration: 1 };
    const endedBy = (facts: Partial<Facts>, from = state) =>
      take(from, { kind: "advance" }, facts).events[0]?.["terminated_by"];
    expect(endedBy({ elapsedMs: 5000, stopRequested: true })).toBe("signal");
    expect(endedBy({ elapsedMs: 5000 })).toBe("max_iterations");
    expect(endedBy({ elapsedMs: 1001 }, { ...state, iteration: 0 })).toBe("timeout");
    expect(endedBy({ elapsedMs: 1000 }, { ...state, iteration: 0 })).toBeUndefined();
  });

  it("B-8: a state entered anew keeps its iteration, also on the last one, and counts no retry twice", () => {
    const loop = loopOf({ a: { action: "work", max_retries: 1, on_retry_exhausted: "done", on_no: "a" }, done });
    const counted = { previous_state: "a", retry_counts: { a: 1 } };
    const state = { ...newRun({ ...loop, max_iterations: 2 }), iteration: 2, attempt: 2, ...counted };
    const { events, delta } = take(state, { kind: "advance" });
    expect(events[0]).toEqual({ event: "state_enter", state: "a", iteration: 2, attempt: 2 });
    expect(delta.set).toMatchObject({ iteration: 2, pending_action: { key: "run:2" } });
    expect(applyDelta(state, delta).retry_counts).toEqual({ a: 1 });
  });

  it.each(["constructor", "valueOf", "toString", "hasOwnProperty"])(
    "retries of a state named %s are counted",
    (name) => {
      const retried = { action: "work", max_retries: 2, on_retry_exhausted: "done", on_no: name };
      let state: RunState = { ...newRun(loopOf({ [name]: retried, done })), previous_state: name };
      for (const retries of [1, 2]) {
        const { delta } = take(state, { kind: "advance" });
        expect(delta.set).toMatchObject({ phase: "acting", retry_counts: { [name]: retries } });
        state = { ...applyDelta(state, delta), phase: "ready" };
      }
      expect(take(state, { kind: "advance" }).events).toEqual([
        { event: "retry_exhausted", state: name, retries: 3, next: "done" },
      ]);
    },
  );

  it("P-18: every commit carries the running time so far", () => {
    expect(take(newRun(looping), { kind: "advance" }, { elapsedMs: 12.4 }).delta.set).toMatchObject({
      accumulated_ms: 12,
    });
  });

  it("an action's time limit is the state's, else the loop's, else an hour; 0 is none", () => {
    const limit = (own: number | undefined, general: number | undefined) => {
      const a = { action: "work", next: "done", ...(own === undefined ? {} : { timeout: own }) };
      const loop = loopOf({ a, done }, general === undefined ? {} : { default_timeout: general });
      const { next } = take(newRun(loop), { kind: "advance" });
      return next.kind === "act" ? next.action.timeoutMs : null;
    };
    expect([limit(2, 5), limit(undefined, 5), limit(0, 5), limit(undefined, undefined)]).toEqual([2e3, 5e3, 5e3, 36e5]);
  });

  it("B-23: a template that cannot be filled in ends the run after the entry, and says what is missing and where", () => {
    const state = newRun(loopOf({ a: { action: `echo \${context.nope}`, next: "done" }, done }));
    const { events, delta } = take(state, { kind: "advance" });
    const error = {
      type: "LOOPS_INTERPOLATION",
      message: expect.stringMatching(/Missing context variable in state "a".*context\.nope/),
      state: "a",
    };
    expect(events).toEqual([
      { event: "state_enter", state: "a", iteration: 1 },
      { event: "loop_complete", final_state: "a", iterations: 1, terminated_by: "error", error },
    ]);
    expect(delta.set).toMatchObject({ status: "failed", error });
  });

  it("a run in a state that the loop does not have ends with an error that names those it has", () => {
    const state = { ...newRun(looping), current_state: "constructor" };
    expect(take(state, { kind: "advance" }).events[0]).toMatchObject({
      error: { type: "LOOPS_UNKNOWN_STATE", message: expect.stringMatching(/"constructor".*a, done/) },
    });
  });
});

describe("leaving a state", () => {
  const evaluated = (
    state: RunState,
    verdict: string,
    details: Record<string, unknown> = {},
    facts: Partial<Facts> = {},
  ) => take(state, { kind: "evaluated", evaluation: { type: "default", verdict, details } }, facts);

  it("P-17: keeps the verdict with its details, and the output of the state", () => {
    const state = acted({ a: { action: "work", on_yes: "done" }, done }, resultWith(0, "out"));
    expect(evaluated(state, "yes", { exit_code: 0 }).delta.set).toMatchObject({
      last_result: { verdict: "yes", details: { exit_code: 0 } },
      prev_result: { output: "out", exit_code: 0, state: "a" },
      pending_result: null,
    });
  });

  it("B-40: details that pose as fields of the event are left out, of the event and of what is kept", () => {
    const state = acted({ a: { action: "work", on_yes: "done" }, done });
    const details = {
      event: "x",
      ts: "x",
      id: "x",
      run_id: "x",
      loop: "x",
      depth: 9,
      parent_run_id: "x",
      type: "x",
      verdict: "no",
      seq: 1,
      commit: {},
      matched: true,
    };
    const { events, delta } = evaluated(state, "yes", details);
    expect(events[0]).toEqual({ event: "evaluate", type: "default", verdict: "yes", matched: true });
    expect(delta.set?.["last_result"]).toEqual({ verdict: "yes", details: { matched: true } });
  });

  it("without a way out for the verdict the run ends with an error, behind the evaluation", () => {
    const { events } = evaluated(acted({ a: { action: "work", on_yes: "done" }, done }), "no");
    expect(events).toEqual([
      { event: "evaluate", type: "default", verdict: "no" },
      {
        event: "loop_complete",
        final_state: "a",
        iterations: 1,
        terminated_by: "error",
        error: {
          type: "LOOPS_NO_TRANSITION",
          message: expect.stringMatching(/^No valid transition from state "a".*on_no/),
          state: "a",
        },
      },
    ]);
  });

  it("without a way out while the run is being stopped, it is interrupted and can go on", () => {
    const state = acted({ a: { action: "work", on_yes: "done" }, done });
    expect(evaluated(state, "error", {}, { stopRequested: true }).delta.set).toMatchObject({ status: "interrupted" });
  });

  it("an action on the next path that was killed from outside interrupts the run; going on enters the state once more", () => {
    const state = acted({ a: { action: "work", next: "done" }, done }, resultWith(-15));
    const stopped = take(state, { kind: "advance" });
    expect(stopped.events.at(-1)).toMatchObject({ event: "loop_complete", terminated_by: "signal", final_state: "a" });
    const first = { kind: "resume", orphan: "none", segmentStartedAt: "later", changes: {} } as const;
    const resumed = pureRun({ state: applyDelta(state, stopped.delta), first, act: () => resultWith(0) });
    expect(resumed.ran).toEqual(["run:2"]);
    expect(resumed.state.status).toBe("completed");
  });

  it("on the next path only an action that was killed goes to on_error; other failures go on", () => {
    const to = (config: Parameters<typeof loopOf>[0][string], code: number) =>
      take(acted({ a: { action: "work", ...config }, b: done, done }, resultWith(code)), { kind: "advance" }).events;
    expect(to({ next: "done" }, 3)).toEqual([{ event: "route", from: "a", to: "done" }]);
    expect(to({ next: "done", on_error: "b" }, 3)).toEqual([{ event: "route", from: "a", to: "done" }]);
    expect(to({ next: "done", on_error: "b" }, -15)).toEqual([{ event: "route", from: "a", to: "b" }]);
    expect(to({ next: "done", on_error: "b" }, 0)).toEqual([{ event: "route", from: "a", to: "done" }]);
  });

  it("B-25: the last evaluation can be used in the next state", () => {
    const states = {
      a: { action: "work", on_yes: "b" },
      b: {
        action: `echo \${result.verdict} \${result.details.exit_code} \${prev.output} \${prev.state}`,
        next: "done",
      },
      done,
    };
    const ran: string[] = [];
    pureRun({
      state: newRun(loopOf(states)),
      act: ({ command }) => {
        ran.push(command);
        return resultWith(0, "out");
      },
    });
    expect(ran).toEqual(["work", "echo yes 0 out a"]);
  });

  it("a state without an action says yes, silently; one that only passes on leaves prev alone", () => {
    const states = {
      a: { action: "work", on_yes: "b" },
      b: { next: "c" },
      c: { on_yes: "d" },
      d: { action: "end", next: "done" },
      done,
    };
    const run = pureRun({ state: newRun(loopOf(states)), act: () => resultWith(0, "out"), killAfterCommits: 7 });
    expect(run.state.prev_result).toEqual({ output: "out", exit_code: 0, state: "a" });
    const whole = pureRun({ state: newRun(loopOf(states)), act: () => resultWith(0, "out"), killAfterCommits: 9 });
    expect(whole.state.prev_result).toEqual({ output: "", exit_code: 0, state: "c" });
    expect(whole.events.filter((event) => event.event === "evaluate")).toHaveLength(1);
  });

  it("an evaluator's source sees the captures of its own state; one that cannot be filled in means standard output", () => {
    const ask = (source: string) => {
      const evaluate = { type: "output_contains", pattern: "x", source } as const;
      const state = acted(
        { a: { action: "work", capture: "mine", evaluate, on_yes: "done" }, done },
        resultWith(0, "out"),
      );
      const { next } = take(state, { kind: "advance" });
      return next.kind === "evaluate" ? next.request.text : null;
    };
    expect(ask(`<\${captured.mine.output}>`)).toBe("<out>");
    expect(ask(`\${captured.other.output}`)).toBe("out");
  });
});

describe("what an action leaves", () => {
  it("is captured and previewed: the last 2000 characters, then trimmed", () => {
    const state = newRun(loopOf({ a: { action: "work", capture: "mine", next: "done" }, done }));
    const output = `${"x".repeat(3000)}end \n`;
    const result = resultWith(0, output);
    const { events, delta } = take(applyDelta(state, take(state, { kind: "advance" }).delta), {
      kind: "acted",
      result,
    });
    expect(events).toEqual([
      {
        event: "action_complete",
        exit_code: 0,
        duration_ms: 1,
        output_preview: `${"x".repeat(1995)}end`,
        is_prompt: false,
      },
    ]);
    expect(delta).toMatchObject({ captured: { mine: result }, set: { pending_result: result, phase: "acted" } });
  });

  it.each([
    ["", null],
    ["  \n", ""],
    [`${"a".repeat(10)}\u{1f600}${"b".repeat(1999)}`, "b".repeat(1999)],
  ])("previews %j whole and without half characters", (output, preview) => {
    const state = newRun(loopOf({ a: { action: "work", next: "done" }, done }));
    const [complete] = take(state, { kind: "acted", result: resultWith(0, output) }).events;
    expect(complete?.["output_preview"]).toBe(preview);
  });

  it("B-21: a cancelled action counts as not executed: the run stays on the state, and enters it anew", () => {
    const state = newRun(loopOf({ a: { action: "work", on_error: "done", next: "done" }, done }));
    const acting = applyDelta(state, take(state, { kind: "advance" }).delta);
    const { events, delta } = take(acting, { kind: "cancelled" });
    expect(events).toEqual([{ event: "loop_complete", final_state: "a", iterations: 1, terminated_by: "signal" }]);
    const first = { kind: "resume", orphan: "none", segmentStartedAt: "later", changes: {} } as const;
    const resumed = pureRun({ state: applyDelta(acting, delta), first, act: () => resultWith(0) });
    expect(resumed.events[1]).toEqual({ event: "state_enter", state: "a", iteration: 1, attempt: 2 });
    expect(resumed.ran).toEqual(["run:1"]);
  });
});
