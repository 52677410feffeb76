import { describe, expect, it } from "vitest";
import { loopOf } from "../../test/engine/machines.js";
import { acted, newRun, resultWith, take } from "../../test/engine/pure-run.js";
import { applyDelta } from "./delta.js";

const done = { terminal: true };

describe("B-20: $current and templates are resolved in every target", () => {
  const context = { way: "done", stay: "$current", wrong: "nowhere" };
  const routed = (config: Parameters<typeof loopOf>[0][string], exitCode = 0) => {
    const state = { ...acted({ a: { action: "work", ...config }, done }, resultWith(exitCode)), context };
    const { next } = take(state, { kind: "advance" });
    const evaluation = { type: "default", verdict: exitCode === 0 ? "yes" : "error", details: {} };
    const last =
      next.kind === "evaluate" ? take(state, { kind: "evaluated", evaluation }) : take(state, { kind: "advance" });
    return last.events.at(-1);
  };

  it.each([
    ["next", { next: "$current" }, 0],
    ["on_yes", { on_yes: "$current" }, 0],
    ["route", { route: { yes: "$current" } }, 0],
    ["the default of route", { route: { _: "$current" } }, 0],
    ["on_error beside next", { next: "done", on_error: "$current" }, -9],
    ["a template that says so", { on_yes: `\${context.stay}` }, 0],
  ])("in %s", (_where, config, exitCode) => {
    expect(routed(config, exitCode)).toEqual({ event: "route", from: "a", to: "a" });
  });

  it("in on_retry_exhausted, which starts the count anew", () => {
    const loop = loopOf({ a: { action: "work", on_no: "a", max_retries: 1, on_retry_exhausted: "$current" }, done });
    const state = { ...newRun(loop), iteration: 2, previous_state: "a", retry_counts: { a: 1 } };
    const exhausted = take(state, { kind: "advance" });
    expect(exhausted.events).toEqual([{ event: "retry_exhausted", state: "a", retries: 2, next: "a" }]);
    const { delta } = take(applyDelta(state, exhausted.delta), { kind: "advance" });
    expect(delta.set).toMatchObject({ retry_counts: { a: 1 }, iteration: 3 });
  });

  it("with templates", () => {
    expect(routed({ next: `\${context.way}` })).toMatchObject({ event: "route", to: "done" });
    expect(routed({ on_yes: `\${context.way}` })).toMatchObject({ event: "route", to: "done" });
  });

  it("and one that leads nowhere ends the run with the names of the states there are", () => {
    expect(routed({ next: `\${context.wrong}` })).toMatchObject({
      event: "loop_complete",
      terminated_by: "error",
      error: {
        type: "LOOPS_UNKNOWN_STATE",
        message: expect.stringMatching(/next leads to "nowhere".*a, done/),
        state: "a",
      },
    });
  });
});
