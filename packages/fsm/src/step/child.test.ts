import { describe, expect, it } from "vitest";
import { loopOf } from "../../test/engine/machines.js";
import { newRun, resultWith, take } from "../../test/engine/pure-run.js";
import type { LoopDefinition, StateDefinition } from "../definition/types.js";
import type { RunState } from "../run-state.js";
import { applyDelta } from "./delta.js";
import type { ChildOutcome, Facts, Step } from "./types.js";

const done = { terminal: true };
const ways = { on_yes: "good", on_no: "bad" };
const ends = { good: done, bad: done, ugly: done };

/** A run whose child has begun, and the step in which it did. */
function waiting(
  sub: StateDefinition,
  more: Partial<LoopDefinition> = {},
  facts: Partial<Facts> = {},
  over: Partial<RunState> = {},
): { readonly state: RunState; readonly begun: Step } {
  const run = { ...newRun(loopOf({ sub, ...ends }, more)), ...over };
  const begun = take(run, { kind: "advance" }, facts);
  const entered = applyDelta(run, begun.delta);
  const pending = entered.pending_child ?? null;
  return { begun, state: { ...entered, pending_child: pending === null ? null : { ...pending, run_id: "CHILD" } } };
}

function outcome(over: Partial<ChildOutcome> = {}): ChildOutcome {
  return { loop: "child", terminatedBy: "terminal", captured: {}, error: null, continuationPrompt: null, ...over };
}

const failed = outcome({ terminatedBy: "error", error: { type: "LOOPS_ENGINE", message: "broken", state: "x" } });

/** Where the run goes once its child has ended so. */
function goesTo(sub: Partial<StateDefinition>, child: ChildOutcome): unknown {
  const { state } = waiting({ loop: "child", ...sub });
  return take(state, { kind: "child_ended", outcome: child }).delta.set?.["current_state"];
}

describe("a state with a loop", () => {
  it("is entered, and its loop is committed before anything of it runs", () => {
    const { begun } = waiting({ loop: "child", ...ways }, {}, { elapsedMs: 1200.4 });
    expect(begun.events).toMatchObject([{ event: "state_enter", state: "sub", iteration: 1 }]);
    expect(begun.delta.set).toMatchObject({ phase: "acting", pending_child: { loop: "child", begun_ms: 1200 } });
    expect(begun.next).toEqual({
      kind: "child",
      child: { state: "sub", loop: "child", runId: null, context: {}, bindings: null, timeoutMs: null },
    });
  });

  it("fills in what it gives its loop, however deep, and records that with what is meant to run", () => {
    const given = { list: [`\${context.what}!`], count: 3, iteration: `\${state.iteration}` };
    const { begun } = waiting({ loop: "child", with: given, ...ways }, { context: { what: "types" } });
    const filled = { list: ["types!"], count: 3, iteration: "1" };
    expect(begun.delta.set).toMatchObject({ pending_child: { loop: "child", with: filled } });
    expect(begun.next).toMatchObject({ kind: "child", child: { bindings: filled } });
  });

  it("fills in the name of its loop, and ends the run where that cannot be done", () => {
    const named = waiting({ loop: `fix-\${context.what}`, ...ways }, { context: { what: "types" } });
    expect(named.state.pending_child?.loop).toBe("fix-types");
    const { begun } = waiting({ loop: `fix-\${context.what}`, ...ways });
    expect(begun.events.map(({ event }) => event)).toEqual(["state_enter", "loop_complete"]);
    expect(begun.delta.set).toMatchObject({ status: "failed", error: { type: "LOOPS_INTERPOLATION", state: "sub" } });
  });

  it("gives its loop what is left of its own time, and never less than a second", () => {
    const leftAfter = (elapsedMs: number) => {
      const { next } = waiting({ loop: "child", ...ways }, { timeout: 10 }, { elapsedMs }).begun;
      return next.kind === "child" ? next.child.timeoutMs : undefined;
    };
    expect(leftAfter(4000)).toBe(6000);
    expect(leftAfter(9900)).toBe(1000);
  });

  it("B-51: with context_passthrough gives it its context, and over that its captures as their output", () => {
    const captured = {
      report: resultWith(0, "two faults\n"),
      both: resultWith(0, "captured"),
      inner: { found: resultWith(0, "deep"), output: resultWith(0, "named output") },
    };
    const given = (context_passthrough: boolean) => {
      const sub = { loop: "child", context_passthrough, ...ways };
      const { begun } = waiting(sub, { context: { who: "me", both: "context" } }, {}, { captured });
      return begun.next.kind === "child" ? begun.next.child.context : undefined;
    };
    expect(given(true)).toEqual({
      who: "me",
      both: "captured",
      report: "two faults\n",
      inner: { found: "deep", output: "named output" },
    });
    expect(given(false)).toEqual({});
  });

  it("goes on with the loop that it began, under the same run id, after a kill", () => {
    const { state } = waiting({ loop: "child", ...ways });
    const resumed = take(state, { kind: "resume", orphan: "none", segmentStartedAt: "later", changes: {} });
    expect(resumed.events).toMatchObject([{ event: "loop_resume", from_state: "sub", iteration: 1 }]);
    const again = take(applyDelta(state, resumed.delta), { kind: "advance" });
    expect(again.events).toEqual([]);
    expect(again.next).toMatchObject({ kind: "child", child: { loop: "child", runId: "CHILD" } });
  });
});

describe("the end of a child loop", () => {
  it("is yes where it reached a terminal state, else no", () => {
    expect(goesTo(ways, outcome())).toBe("good");
    for (const terminatedBy of ["max_iterations", "timeout", "signal", "cycle_detected", "error"] as const) {
      expect(goesTo(ways, outcome({ terminatedBy }))).toBe("bad");
    }
  });

  it("B-50: leads to where errors lead if it was an error and the state says where that is, else it is a no", () => {
    expect(goesTo({ ...ways, on_error: "ugly" }, failed)).toBe("ugly");
    expect(goesTo({ route: { _error: "ugly", _: "bad" } }, failed)).toBe("ugly");
    expect(goesTo({ route: { error: "ugly", no: "bad" } }, failed)).toBe("ugly");
    expect(goesTo({ route: { yes: "good", no: "bad", _: "ugly" } }, failed)).toBe("bad");
    expect(goesTo({ ...ways, on_error: "ugly" }, outcome({ terminatedBy: "timeout" }))).toBe("bad");
  });

  it("B-30: is routed by a table, and by next", () => {
    expect(goesTo({ route: { yes: "good", _: "bad" } }, outcome())).toBe("good");
    expect(goesTo({ route: { yes: "good", _: "bad" } }, outcome({ terminatedBy: "timeout" }))).toBe("bad");
    for (const terminatedBy of ["terminal", "timeout", "error"] as const) {
      expect(goesTo({ next: "good" }, outcome({ terminatedBy }))).toBe("good");
    }
    expect(goesTo({ next: "good", on_error: "ugly" }, failed)).toBe("ugly");
  });

  it("has no event of its own, and leaves prev and result to what was before", () => {
    const over = {
      prev_result: { output: "before", exit_code: 3, state: "a" },
      last_result: { verdict: "partial", details: {} },
    };
    const { state } = waiting({ loop: "child", ...ways }, {}, {}, over);
    const { events, delta } = take(state, { kind: "child_ended", outcome: outcome() });
    expect(events).toMatchObject([{ event: "route", from: "sub", to: "good" }]);
    expect(applyDelta(state, delta)).toMatchObject({ ...over, pending_child: null, phase: "ready" });
  });

  it("puts its captures under the name of the state, where its own targets see them too", () => {
    const { state } = waiting({ loop: "child", capture: "elsewhere", on_yes: `\${captured.sub.way.output}` });
    const captured = { way: resultWith(0, "ugly") };
    const { delta } = take(state, { kind: "child_ended", outcome: outcome({ captured }) });
    const after = applyDelta(state, delta);
    expect(after.current_state).toBe("ugly");
    expect(after.captured).toEqual({ sub: captured });
    // A later visit that captured nothing leaves nothing of an earlier one.
    const visited = take({ ...state, captured: after.captured }, { kind: "child_ended", outcome: outcome() });
    expect(visited.delta.captured).toEqual({ sub: {} });
    expect(
      take(state, { kind: "child_ended", outcome: outcome({ terminatedBy: "error" }) }).delta.captured,
    ).toBeUndefined();
  });

  it("without a way for it ends the run, and the message says how the child ended", () => {
    const { state } = waiting({ loop: "child", on_yes: "good" });
    const { delta } = take(state, { kind: "child_ended", outcome: failed });
    expect(delta.set).toMatchObject({
      status: "failed",
      pending_child: null,
      error: {
        type: "LOOPS_NO_TRANSITION",
        message: expect.stringContaining('"child" ended by: broken'),
        state: "sub",
      },
    });
  });
});

describe("a child loop that cannot begin", () => {
  const error = { type: "LOOPS_LOOP_NOT_FOUND", message: "no such loop", state: "sub" };
  const after = (sub: Partial<StateDefinition>) => {
    const { state } = waiting({ loop: "child", ...sub });
    return take(state, { kind: "child_failed", error }).delta.set;
  };

  it("is an error of the state, which ends the run where no way is meant for errors", () => {
    expect(after({ ...ways, on_error: "ugly" })).toMatchObject({ current_state: "ugly", pending_child: null });
    expect(after({ route: { yes: "good", _error: "ugly" } })).toMatchObject({ current_state: "ugly" });
    expect(after({ next: "good", on_error: "ugly" })).toMatchObject({ current_state: "ugly" });
    for (const sub of [ways, { next: "good" }, { route: { yes: "good", no: "bad" } }]) {
      expect(after(sub)).toMatchObject({ status: "failed", error, pending_child: null });
    }
  });

  it("B-52: because loops are nested too deep is an error all the way up", () => {
    const tooDeep = { type: "LOOPS_DEPTH", message: "too deep", state: "elsewhere" };
    const { state } = waiting({ loop: "child", ...ways });
    const { delta } = take(state, { kind: "child_ended", outcome: outcome({ terminatedBy: "error", error: tooDeep }) });
    expect(delta.set).toMatchObject({ status: "failed", error: { ...tooDeep, state: "sub" } });
  });
});

describe("a child loop that was left in the middle", () => {
  const stopped = outcome({ terminatedBy: "signal" });
  const handedOff = outcome({ terminatedBy: "handoff", continuationPrompt: "go on" });

  it("stays pending where its parent is to stop too; stopped alone it is a no", () => {
    const { state } = waiting({ loop: "child", ...ways });
    const { events, delta } = take(state, { kind: "child_ended", outcome: stopped }, { stopRequested: true });
    expect(events).toMatchObject([{ event: "loop_complete", final_state: "sub", terminated_by: "signal" }]);
    expect(applyDelta(state, delta)).toMatchObject({
      status: "interrupted",
      pending_child: { run_id: "CHILD" },
      attempt: 1,
    });
    expect(goesTo(ways, stopped)).toBe("bad");
  });

  it("B-53: hands off with its parent, which goes on with it under the same iteration", () => {
    const { state } = waiting({ loop: "child", ...ways });
    const { events, delta } = take(state, { kind: "child_ended", outcome: handedOff });
    expect(events).toMatchObject([
      { event: "handoff_detected", state: "sub", iteration: 1, continuation: "go on" },
      { event: "loop_complete", terminated_by: "handoff" },
    ]);
    const left = applyDelta(state, delta);
    expect(left).toMatchObject({ status: "awaiting_continuation", continuation_prompt: "go on", attempt: 1 });
    const resumed = take(left, { kind: "resume", orphan: "none", segmentStartedAt: "later", changes: {} });
    expect(resumed.events).toMatchObject([{ event: "loop_resume", from_handoff: true, continuation_prompt: "go on" }]);
    const going = applyDelta(left, resumed.delta);
    expect(take(going, { kind: "advance" }).next).toMatchObject({ kind: "child", child: { runId: "CHILD" } });
    const over = take(going, { kind: "child_ended", outcome: outcome() });
    expect(over.delta.set).toMatchObject({ continuation_prompt: null, pending_child: null });
  });

  it("B-37: has its successor made by the outermost loop alone", () => {
    const { state } = waiting({ loop: "child", ...ways }, { on_handoff: "spawn" });
    const asked = take(state, { kind: "child_ended", outcome: handedOff });
    expect(asked.events).toEqual([]);
    expect(asked.next).toMatchObject({ kind: "spawn", continuation: "go on", outcome: handedOff });
    const spawned = take(state, { kind: "spawned", pid: 7, evaluation: null, outcome: handedOff });
    expect(spawned.events).toMatchObject([
      { event: "handoff_detected" },
      { event: "handoff_spawned", pid: 7, state: "sub" },
      { event: "loop_complete", terminated_by: "handoff" },
    ]);
    const inner = take({ ...state, parent_run_id: "PARENT" }, { kind: "child_ended", outcome: handedOff });
    expect(inner.next).toEqual({ kind: "done" });
  });
});
