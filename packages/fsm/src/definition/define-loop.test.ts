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

  it("refuses fields that do not exist, and values of the wrong type", () => {
    const loops = [
      // @ts-expect-error -- no such field
      () => defineLoop({ name: "x", initial: "done", states: { done }, maxIterations: 3 }),
      // @ts-expect-error -- no such field
      () => defineLoop({ name: "x", initial: "done", states: { done: { terminal: true, acton: "x" } } }),
      // Evaluators of the program's own may have any name, so that this one is found when it runs.
      () => defineLoop({ name: "x", initial: "a", states: { a: { next: "done", evaluate: { type: "llm" } }, done } }),
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
