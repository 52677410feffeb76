import { describe, expect, it } from "vitest";
import { request, resultOf, withEffects } from "../../test/evaluators/support.js";
import type { EvaluatorConfig } from "../definition/types.js";
import { evaluate } from "./evaluate.js";
import { readModelAnswer } from "./model-answer.js";

/** A mapping with `a`, nested so deeply. */
const nested = (levels: number) => `{"a":${"[".repeat(levels)}1${"]".repeat(levels)}}`;
const judge = (config: EvaluatorConfig, output: string) =>
  evaluate(request({ config, result: resultOf({ output, exit_code: 0 }) }), withEffects());

describe.each([1000, 10_000, 200_000])("JSON that is nested %i levels deep", (levels) => {
  it("is the verdict error of output_json, wherever its path leads", () => {
    const config = { type: "output_json", path: "a", operator: "eq", target: "1" } as const;
    const error = expect.stringContaining("nested deeper");
    expect(judge(config, nested(levels))).toMatchObject({ verdict: "error", details: { error } });
    expect(judge(config, `{"a": 1, "b": ${nested(levels)}}`)).toMatchObject({ verdict: "error" });
    expect(judge(config, nested(levels).replace("1", "NaN"))).toMatchObject({ verdict: "error" });
  });

  it("is no envelope of a tool, and no answer of a model", () => {
    expect(judge({ type: "mcp_result" }, nested(levels))).toMatchObject({ verdict: "tool_error" });
    expect(readModelAnswer(nested(levels))).toMatchObject({ kind: "unreadable" });
  });
});

it("JSON that is nested as deeply as programs nest is judged as any other", () => {
  const config = { type: "output_json", path: "a", operator: "ne", target: "1" } as const;
  expect(judge(config, nested(500))).toMatchObject({ verdict: "yes" });
  expect(judge({ type: "mcp_result" }, nested(500))).toMatchObject({ verdict: "success" });
});
