import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { request, resultOf, withEffects } from "../../test/evaluators/support.js";
import type { EvaluatorConfig } from "../definition/types.js";
import { evaluate } from "./evaluate.js";

const judge = (config: EvaluatorConfig | undefined, output: string, more: { exit_code?: number; text?: string } = {}) =>
  evaluate(
    request({ config, result: resultOf({ output, exit_code: more.exit_code ?? 0 }), text: more.text }),
    withEffects(),
  );

describe("exit_code", () => {
  it.each([
    [0, "yes"],
    [1, "no"],
    [2, "error"],
    [124, "error"],
    [-9, "error"],
  ])("makes of %i the verdict %s", (exit_code, verdict) => {
    const expected = { type: "exit_code", verdict, details: { exit_code } };
    expect(judge({ type: "exit_code" }, "", { exit_code })).toEqual(expected);
  });
});

describe("output_contains", () => {
  const contains = (pattern: string, output: string, more: { negate?: boolean; source?: string } = {}) => {
    const { source: text, ...fields } = more;
    return judge({ type: "output_contains", pattern, ...fields }, output, {
      exit_code: 3,
      ...(text !== undefined && { text }),
    });
  };

  it("says yes where the pattern is found, and tells what it looked for", () => {
    expect(contains("\\d+ errors?", "found 12 errors\n")).toEqual({
      type: "output_contains",
      verdict: "yes",
      details: { matched: true, pattern: "\\d+ errors?", negate: false },
    });
    expect(contains("^clean", "not clean")).toMatchObject({ verdict: "no" });
  });

  it("turns the verdict round with negate, but not what it tells", () => {
    const details = { matched: true, pattern: "error", negate: true };
    expect(contains("error", "1 error", { negate: true })).toMatchObject({ verdict: "no", details });
    expect(contains("error", "clean", { negate: true })).toMatchObject({ verdict: "yes" });
  });

  it("looks at the text of the source where there is one, even an empty one", () => {
    expect(contains("x", "x", { source: "y" })).toMatchObject({ verdict: "no" });
    expect(contains("x", "x", { source: "" })).toMatchObject({ verdict: "no" });
  });

  it.each([false, true])(
    "B-46: a pattern that backtracks without end is the verdict error, with negate %s",
    (negate) => {
      const pattern = "(a+)+$";
      expect(contains(pattern, `${"a".repeat(40)}!`, { negate })).toEqual({
        type: "output_contains",
        verdict: "error",
        details: { error: expect.stringContaining("not over after 1000 ms"), pattern },
      });
      expect(contains(pattern, "aaa")).toMatchObject({ verdict: "yes", details: { matched: true } });
    },
  );

  it("searches plain text where the pattern is no regular expression", () => {
    expect(contains("0 errors (", "0 errors (of 3)")).toMatchObject({ verdict: "yes" });
    expect(contains("0 errors (", "0 errors")).toMatchObject({ verdict: "no" });
    expect(contains("\\d**", "a \\d** b")).toMatchObject({ verdict: "yes" });
  });

  it("B-42: a pattern that cannot be had here is the verdict error, and says which part of it", () => {
    expect(contains("(a)?(?(1)b|c)", "c", { negate: true })).toEqual({
      type: "output_contains",
      verdict: "error",
      details: { error: expect.stringContaining("asks whether a group took part"), pattern: "(a)?(?(1)b|c)" },
    });
  });

  it.each(["", "a?"])("a pattern of megabytes is the verdict error, behind %j", (start) => {
    const verdict = contains(start + "a".repeat(1_000_000), "a".repeat(1_100_000));
    expect(verdict).toMatchObject({ verdict: "error", details: { error: expect.stringContaining("too large") } });
  });
});

describe("output_numeric", () => {
  const numeric = (output: string, operator: "eq" | "ne" | "lt" | "le" | "gt" | "ge", target: number | string) =>
    judge({ type: "output_numeric", operator, target }, output);

  it.each([
    ["3\n", "eq", 3, "yes"],
    ["3", "ne", 3, "no"],
    ["2.5", "lt", "3", "yes"],
    ["3", "lt", 3, "no"],
    ["3", "le", " 3 ", "yes"],
    ["4", "gt", 3, "yes"],
    ["3", "ge", 3, "yes"],
    ["-1", "ge", 0, "no"],
    ["1_000", "eq", 1000, "yes"],
    ["0x10", "eq", 16, "error"],
  ] as const)("%j %s %j is %s", (output, operator, target, verdict) => {
    expect(numeric(output, operator, target)).toMatchObject({ verdict });
  });

  it("tells value, target and operator, in this order", () => {
    const evaluation = numeric(" 2.50 ", "le", "1e1");
    expect(JSON.stringify(evaluation)).toBe(
      '{"type":"output_numeric","verdict":"yes","details":{"value":2.5,"target":10,"operator":"le"}}',
    );
  });

  it("B-41: nan is a number that equals none, and what is not finite is null in the details", () => {
    expect(numeric("nan", "ne", 1)).toMatchObject({ verdict: "yes", details: { value: null, target: 1 } });
    expect(numeric("nan", "eq", "nan")).toMatchObject({ verdict: "no" });
    expect(numeric("inf", "gt", 5)).toMatchObject({ verdict: "yes", details: { value: null } });
  });

  it("what is no number is the verdict error, with the beginning of it", () => {
    expect(numeric(`no ${"x".repeat(500)}`, "eq", 1)).toEqual({
      type: "output_numeric",
      verdict: "error",
      details: { error: `no number: "no ${"x".repeat(97)}"` },
    });
    expect(numeric("", "eq", 0)).toMatchObject({ verdict: "error" });
  });

  it("an operator that there is not is the verdict error", () => {
    expect(numeric("1", "constructor" as "eq", 1)).toMatchObject({
      verdict: "error",
      details: { error: expect.stringContaining("eq, ne, lt, le, gt, ge") },
    });
  });

  it.each(["many", "", `\${context.limit}`])("a target that is no number is an error of the loop: %j", (target) => {
    expect(() => numeric("1", "eq", target)).toThrow(
      expect.objectContaining({ code: "LOOPS_EVALUATOR", message: expect.stringContaining(JSON.stringify(target)) }),
    );
  });
});

describe("output_json", () => {
  type Operator = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
  const json = (output: string, path: string, operator: Operator, target: unknown) =>
    judge({ type: "output_json", path, operator, target }, output);
  const report = '{"summary": {"failed": 3, "names": ["a", "b"]}, "ok": true, "none": null, "": {"": 1}}';

  it.each([
    [".summary.failed", "eq", 3, "yes"],
    ["summary.failed", "lt", 3, "no"],
    ["summary.failed", "ge", 3, "yes"],
    ["summary.names.1", "eq", "b", "yes"],
    ["summary.names.01", "eq", "b", "yes"],
    ["summary.names", "eq", ["a", "b"], "yes"],
    ["summary", "ne", { failed: 3, names: ["b", "a"] }, "yes"],
    ["ok", "eq", true, "yes"],
    ["ok", "eq", 1, "yes"],
    ["ok", "gt", 0, "yes"],
    ["ok", "eq", "true", "no"],
    ["none", "eq", null, "yes"],
    ["none", "ne", 0, "yes"],
    ["summary.failed", "eq", "3", "no"],
    ["summary.failed", "lt", "3", "error"],
    ["summary.names.0", "gt", "a", "error"],
    ["summary.failed", "approx", 3, "error"],
    ["summary.names.2", "eq", "c", "error"],
    ["summary.names.-1", "eq", "b", "error"],
    ["summary.names.length", "eq", 2, "error"],
    ["summary.failed.0", "eq", 3, "error"],
    ["summary.constructor", "ne", 3, "error"],
    ["none.x", "eq", 3, "error"],
    ["..", "eq", 1, "yes"],
    [".", "eq", 3, "no"],
  ] as const)("%s %s %j is %s", (path, operator, target, verdict) => {
    expect(json(report, path, operator as Operator, target)).toMatchObject({ verdict });
  });

  it("tells value, path, target and operator, in this order, and the value as it is", () => {
    expect(JSON.stringify(json(report, ".ok", "eq", 1))).toBe(
      '{"type":"output_json","verdict":"yes","details":{"value":true,"path":".ok","target":1,"operator":"eq"}}',
    );
  });

  it("there is no path for all of it", () => {
    expect(json("3", ".", "eq", 3)).toMatchObject({ verdict: "error" });
    expect(json("3", "", "eq", 3)).toMatchObject({ verdict: "error" });
  });

  it("B-41: whole numbers beyond 2^53 lose digits", () => {
    expect(json('{"id": 9007199254740993}', "id", "eq", 9007199254740992)).toMatchObject({ verdict: "yes" });
  });

  it("B-41: NaN and Infinity are taken, and are null in the details", () => {
    expect(json('{"a": Infinity}', "a", "gt", 5)).toMatchObject({ verdict: "yes", details: { value: null } });
    expect(json('{"a": [NaN, 1]}', "a", "ne", [1])).toMatchObject({ verdict: "yes", details: { value: [null, 1] } });
  });

  it.each(["", "no", "{'a': 1}", "[1,]"])("what is no JSON is the verdict error: %j", (output) => {
    expect(json(output, "a", "eq", 1)).toEqual({
      type: "output_json",
      verdict: "error",
      details: { error: expect.stringContaining("no JSON") },
    });
  });
});

describe("mcp_result", () => {
  const mcp = (exit_code: number, output: string) => judge({ type: "mcp_result" }, output, { exit_code });

  it.each([
    [0, '{"content": []}', "success"],
    [0, '{"isError": false}', "success"],
    [1, '{"isError": false}', "success"],
    [0, '{"isError": true}', "tool_error"],
    [0, '{"isError": []}', "success"],
    [1, '{"isError": null}', "success"],
    [1, '{"content": []}', "tool_error"],
    [0, "", "success"],
    [1, " \n", "tool_error"],
    [-9, "", "tool_error"],
  ])("exit code %i with %j is %s, and tells the envelope", (exit_code, output, verdict) => {
    const envelope = output.trim() === "" ? {} : JSON.parse(output);
    expect(mcp(exit_code, output)).toEqual({ type: "mcp_result", verdict, details: { exit_code, envelope } });
  });

  it.each([
    [127, "{}", "not_found"],
    [124, "{}", "timeout"],
    [0, "{oops", "tool_error"],
    [0, "[1]", "tool_error"],
    [0, "null", "tool_error"],
  ])("B-47: exit code %i with %j is %s, and tells what is wrong", (exit_code, output, verdict) => {
    const details = { exit_code, error: expect.any(String) };
    expect(mcp(exit_code, output)).toEqual({ type: "mcp_result", verdict, details });
  });
});

describe("evaluate", () => {
  it.each([
    [undefined, "exit_code"],
    ["shell", "exit_code"],
    ["function", "exit_code"],
    ["of_the_program", "exit_code"],
    ["mcp_tool", "mcp_result"],
    ["prompt", "llm_structured"],
    ["slash_command", "llm_structured"],
  ])(
    "judges an action of type %s by %s where the state has no evaluator, under the type default",
    async (actionType, type) => {
      const asked = request({ config: undefined, actionType, result: resultOf({ exit_code: 1, output: "{}" }) });
      const explicit = { ...asked, config: { type } as EvaluatorConfig };
      const byDefault = await evaluate(asked, withEffects());
      expect(byDefault).toEqual({ ...(await evaluate(explicit, withEffects())), type: "default" });
    },
  );

  it("gives no promise where there is nothing to wait for", () => {
    const configs: EvaluatorConfig[] = [
      { type: "exit_code" },
      { type: "output_contains", pattern: "a" },
      { type: "output_numeric", operator: "eq", target: 1 },
      { type: "output_json", path: "a", operator: "eq", target: 1 },
      { type: "convergence", target: 1 },
      { type: "mcp_result" },
    ];
    for (const config of configs) expect(judge(config, "1")).not.toBeInstanceOf(Promise);
  });

  it.each(["nobody_has", "constructor", "__proto__"])(
    "a type that nobody brought along is an error of the loop: %s",
    (type) => {
      const unknown = request({ config: { type } });
      expect(() =>
        evaluate(unknown, withEffects({ custom: { mine: () => ({ verdict: "yes", details: {} }) } })),
      ).toThrow(
        expect.objectContaining({
          code: "LOOPS_EVALUATOR",
          message: expect.stringMatching(/State "check".*exit_code.*mcp_result, mine/),
        }),
      );
    },
  );

  it("whatever an action said, an evaluator that only looks at it has a verdict and details that JSON holds", () => {
    const outputs = fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.double().map(String), fc.constant("[NaN]"));
    const configs = fc.constantFrom<EvaluatorConfig>(
      { type: "exit_code" },
      { type: "output_contains", pattern: "[^a]\\d", negate: true },
      { type: "output_numeric", operator: "ge", target: "1e3" },
      { type: "output_json", path: ".0", operator: "ne", target: { a: 1 } },
      { type: "convergence", target: "x" },
      { type: "convergence", target: 5, previous: "?", tolerance: "1_0", direction: "maximize" },
      { type: "mcp_result" },
    );
    const check = fc.property(configs, outputs, fc.integer({ min: -15, max: 130 }), (config, output, exit_code) => {
      const evaluation = judge(config, output, { exit_code });
      expect(evaluation).toMatchObject({ type: config.type, verdict: expect.stringMatching(/^\w+$/) });
      expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
    });
    fc.assert(check, { numRuns: 500 });
  });
});
