import { isLoopsError } from "@loops/core";
import { describe, expect, it } from "vitest";
import { defineLoop } from "./define-loop.js";
import { parseLoop } from "./load.js";

const done = { terminal: true } as const;

describe("defineLoop", () => {
  it("gives the same definition as the same loop in a file", () => {
    const loop = defineLoop({
      name: "fix",
      initial: "check",
      states: {
        check: {
          action: "make lint",
          evaluate: { type: "output_contains", pattern: "ok" },
          on_yes: "done",
          on_no: "fix",
        },
        fix: { action: "make fix", next: "check" },
        done,
      },
    });
    const text = `name: fix
initial: check
states:
  check: {action: make lint, evaluate: {type: output_contains, pattern: ok}, on_yes: done, on_no: fix}
  fix: {action: make fix, next: check}
  done: {terminal: true}
`;
    expect(loop).toEqual(parseLoop(text).definition);
  });

  it("copies what it is given", () => {
    const context = { list: [1] };
    const loop = defineLoop({ name: "x", initial: "done", states: { done }, context });
    context.list.push(2);
    expect(loop.context).toEqual({ list: [1] });
  });

  it("refuses a wrong state name when it is compiled, and when it runs", () => {
    const names = [
      // @ts-expect-error -- no such state
      () => defineLoop({ name: "x", initial: "a", states: { done } }),
      // @ts-expect-error -- no such state
      () => defineLoop({ name: "x", initial: "a", states: { a: { next: "dnoe" }, done } }),
      // @ts-expect-error -- no such state
      () => defineLoop({ name: "x", initial: "a", states: { a: { on_yes: "b" }, done } }),
      // @ts-expect-error -- no such state
      () => defineLoop({ name: "x", initial: "a", states: { a: { route: { yes: "b" } }, done } }),
      // @ts-expect-error -- no such state
      () => defineLoop({ name: "x", initial: "a", states: { a: { on_stall: "b", on_yes: "done" }, done } }),
      // @ts-expect-error -- no such state
      () => defineLoop({ name: "x", initial: "a", states: { a: { on_no: "done", on_error: "b" }, done } }),
      // @ts-expect-error -- no such state
      () => defineLoop({ name: "x", initial: "a", states: { a: { next: "z" }, z: { ...done, on_maintain: "b" } } }),
      () =>
        defineLoop({
          name: "x",
          initial: "a",
          // @ts-expect-error -- no such state
          states: { a: { on_no: "done", max_retries: 1, on_retry_exhausted: "b" }, done },
        }),
      // @ts-expect-error -- the loop cannot begin where it is
      () => defineLoop({ name: "x", initial: "$current", states: { done } }),
    ];
    for (const define of names) expect(define).toThrow(/unknown state/);
  });

  it("takes $current and templates as targets", () => {
    const loop = defineLoop({
      name: "x",
      initial: "a",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of a loop
      states: { a: { on_no: "$current", on_yes: "${context.to}" }, done },
    });
    expect(loop.states["a"]?.on_no).toBe("$current");
  });

  it("takes on_<verdict> for any verdict, and every field of a file", () => {
    const loop = defineLoop({
      name: "x",
      initial: "a",
      maintain: true,
      llm: { model: "opus" },
      on_handoff: "terminate",
      states: {
        a: {
          action: "count",
          evaluate: { type: "convergence", target: 0 },
          on_target: "done",
          on_stall: "b",
          on_progress: "$current",
        },
        b: { loop: "child", context_passthrough: true, on_success: "done", on_failure: "a" },
        done: { terminal: true, on_maintain: "b" },
      },
    });
    expect(loop.states["a"]).toEqual({
      action: "count",
      evaluate: { type: "convergence", target: 0 },
      on_verdict: { target: "done", stall: "b", progress: "$current" },
    });
    expect(loop.states["b"]).toMatchObject({ on_yes: "done", on_no: "a" });
    expect(loop.llm).toEqual({ enabled: true, model: "opus", max_tokens: 256, timeout: 1800 });
  });

  it("takes evaluators and kinds of actions that it is told of, by name, when it is compiled and when it runs", () => {
    const loop = (extensions: { evaluators?: ["score"]; actionTypes?: ["fetch"] }) =>
      defineLoop(
        {
          name: "x",
          initial: "a",
          states: {
            a: {
              action: "y",
              action_type: "fetch",
              params: { z: 1 },
              evaluate: { type: "score", by: 3 },
              next: "done",
            },
            done,
          },
        },
        extensions,
      );
    // Beside next nothing is evaluated, which is an error in code.
    expect(() => loop({ evaluators: ["score"], actionTypes: ["fetch"] })).toThrow(
      /\(1 error\):\n.*"evaluate" has no effect/,
    );
    expect(() => loop({ actionTypes: ["fetch"] })).toThrow('unknown evaluator "score"');
    expect(() => loop({})).toThrow('unknown action type "fetch"');
    const unknown = () =>
      defineLoop(
        // @ts-expect-error -- not the evaluator that is named
        { name: "x", initial: "a", states: { a: { on_yes: "done", evaluate: { type: "scor" } }, done } },
        { evaluators: ["score"] },
      );
    expect(unknown).toThrow('Did you mean "score"?');
  });

  it("takes a near-miss of a field for one, though it could be a verdict", () => {
    const sucess = () =>
      defineLoop({ name: "x", initial: "done", states: { done: { terminal: true }, a: { on_sucess: "done" } } });
    expect(sucess).toThrow(
      'states.a.on_sucess: this leads somewhere only on the verdict "sucess". Did you mean "on_success"?',
    );
  });

  it("refuses fields that do not exist, and values of the wrong type", () => {
    const loops = [
      // @ts-expect-error -- no such field
      () => defineLoop({ name: "x", initial: "done", states: { done }, maxIterations: 3 }),
      // @ts-expect-error -- no such field
      () => defineLoop({ name: "x", initial: "done", states: { done: { terminal: true, acton: "x" } } }),
      // @ts-expect-error -- no such evaluator
      () => defineLoop({ name: "x", initial: "a", states: { a: { next: "done", evaluate: { type: "llm" } }, done } }),
      // @ts-expect-error -- no such kind of action
      () => defineLoop({ name: "x", initial: "a", states: { a: { next: "done", action_type: "shel" }, done } }),
      // @ts-expect-error -- not a number
      () => defineLoop({ name: "x", initial: "done", states: { done }, timeout: "60" }),
    ];
    for (const define of loops) expect(define).toThrow(/"x" is not a valid loop/);
  });

  it("treats a warning as an error, for code can be mended", () => {
    expect(() => defineLoop({ name: "x", initial: "a", states: { a: { next: "done", on_no: "done" }, done } })).toThrow(
      'states.a.on_no: "on_no" has no effect',
    );
  });

  it.each([
    ["a function", () => 1],
    ["a Date", new Date(0)],
    ["a bigint", 1n],
    ["a NaN", Number.NaN],
    ["a Map", new Map()],
    ["a symbol", Symbol("x")],
  ])("refuses %s in the context, which could not be stored", (_what, value) => {
    expect(() => defineLoop({ name: "x", initial: "done", states: { done }, context: { deep: [value] } })).toThrow(
      "context.deep.0: ",
    );
  });

  it("refuses data that contains itself", () => {
    const context: Record<string, unknown> = {};
    context["self"] = context;
    expect(() => defineLoop({ name: "x", initial: "done", states: { done }, context })).toThrow("part of itself");
  });

  it.each([null, undefined, 5, [], "text"])("refuses %j from untyped code with its own error", (value) => {
    try {
      defineLoop(value as never);
      expect.unreachable();
    } catch (error) {
      expect(isLoopsError(error, "LOOPS_LOOP_INVALID")).toBe(true);
    }
  });
});
