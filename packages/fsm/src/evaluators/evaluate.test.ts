import { describe, expect, it } from "vitest";
import type { EvaluatorConfig } from "../definition/types.js";
import type { ActionResult } from "../run-state.js";
import { evaluate } from "./evaluate.js";

const result = (fields: { output?: string; exit_code?: number }) => ({
  output: "",
  stderr: "",
  exit_code: 0,
  duration_ms: 1,
  ...fields,
});

function judge(config: EvaluatorConfig | undefined, of: ActionResult, text = of.output) {
  const llm = { enabled: true, model: "sonnet", max_tokens: 256, timeout: 1800 };
  const request = { state: "check", config, actionType: "shell", result: of, text, memory: null, llm };
  const { signal } = new AbortController();
  const diffStat = () => Promise.reject(new Error("no working tree"));
  return evaluate(request, { askModel: undefined, diffStat, custom: {}, signal });
}

describe("exit_code", () => {
  it.each([
    [0, "yes"],
    [1, "no"],
    [2, "error"],
    [124, "error"],
    [-9, "error"],
  ])("makes of %i the verdict %s", (exit_code, verdict) => {
    const expected = { type: "exit_code", verdict, details: { exit_code } };
    expect(judge({ type: "exit_code" }, result({ exit_code }))).toEqual(expected);
  });

  it("is what judges a state without an evaluator, under the type default", () => {
    expect(judge(undefined, result({ exit_code: 1 }))).toEqual({
      type: "default",
      verdict: "no",
      details: { exit_code: 1 },
    });
  });
});

describe("output_contains", () => {
  const contains = (pattern: string, output: string, more: { negate?: boolean; source?: string } = {}) =>
    judge({ type: "output_contains", pattern, ...more }, result({ output, exit_code: 3 }), more.source);

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

  it.each([false, true])("a pattern that backtracks without end is the verdict error, with negate %s", (negate) => {
    const pattern = "(a+)+$";
    expect(contains(pattern, `${"a".repeat(40)}!`, { negate })).toEqual({
      type: "output_contains",
      verdict: "error",
      details: { error: expect.stringContaining("not over after 1000 ms"), pattern },
    });
    expect(contains(pattern, "aaa")).toMatchObject({ verdict: "yes", details: { matched: true } });
  });

  it("searches plain text where the pattern is no regular expression", () => {
    expect(contains("0 errors (", "0 errors (of 3)")).toMatchObject({ verdict: "yes" });
    expect(contains("0 errors (", "0 errors")).toMatchObject({ verdict: "no" });
  });
});
