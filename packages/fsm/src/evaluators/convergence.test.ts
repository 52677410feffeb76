import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { request, resultOf, withEffects } from "../../test/evaluators/support.js";
import type { ConvergenceConfig } from "../definition/types.js";
import { evaluate } from "./evaluate.js";
import type { Evaluation, EvaluatorMemory } from "./evaluation.js";

function look(config: Omit<ConvergenceConfig, "type">, output: string, memory: EvaluatorMemory | null = null) {
  const asked = request({ config: { type: "convergence", ...config }, result: resultOf({ output }), memory });
  return evaluate(asked, withEffects()) as Evaluation;
}

/** The verdicts of one state's looks, each with what the one before left in memory. */
function verdictsOf(config: Omit<ConvergenceConfig, "type">, outputs: readonly (string | number)[]): string[] {
  let memory: EvaluatorMemory | null = null;
  return outputs.map((output) => {
    const evaluation = look(config, String(output), memory);
    memory = evaluation.memory ?? memory;
    return evaluation.verdict;
  });
}

describe("convergence", () => {
  it("tells the first time what there is, with nothing before", () => {
    expect(JSON.stringify(look({ target: 0 }, "12\n").details)).toBe(
      '{"current":12,"previous":null,"target":0,"delta":null}',
    );
    expect(look({ target: 0 }, "12")).toMatchObject({ verdict: "progress", memory: { value: 12 } });
  });

  it("tells later how far it came, and in which direction it should", () => {
    const evaluation = look({ target: 0 }, "9.5", { value: 12 });
    expect(evaluation).toMatchObject({ type: "convergence", verdict: "progress", memory: { value: 9.5 } });
    expect(JSON.stringify(evaluation.details)).toBe(
      '{"current":9.5,"previous":12,"target":0,"delta":-2.5,"direction":"minimize"}',
    );
    expect(look({ target: 90, direction: "maximize" }, "40", { value: 50 })).toMatchObject({
      verdict: "stall",
      details: { delta: -10, direction: "maximize" },
    });
  });

  it("tells at the target no more than that it is there", () => {
    expect(look({ target: "5", tolerance: "0.5" }, "5.5", { value: 9 })).toEqual({
      type: "convergence",
      verdict: "target",
      details: { current: 5.5, target: 5, delta: 0 },
      memory: { value: 5.5 },
    });
  });

  it("B-24: compares with what this state itself had the last time, so that it stalls", () => {
    expect(verdictsOf({ target: 0 }, [12, 9, 9, 10, 8, 0])).toEqual([
      ...["progress", "progress", "stall", "stall", "progress", "target"],
    ]);
  });

  it.each(["fixed three errors", "", `\${prev.output}`])(
    "B-24: a previous that is no number counts for nothing: %j",
    (previous) => {
      expect(verdictsOf({ target: 0, previous }, [5, 5])).toEqual(["progress", "stall"]);
    },
  );

  it("a previous that is one comes before what was remembered", () => {
    expect(look({ target: 0, previous: "4" }, "5", { value: 9 })).toMatchObject({
      verdict: "stall",
      details: { previous: 4 },
    });
    expect(look({ target: 0, previous: 6 }, "5", { value: 5 })).toMatchObject({ verdict: "progress" });
  });

  it.each([
    ["minimize", -3, "target"],
    ["minimize", 0, "target"],
    ["minimize", 0.5, "target"],
    ["minimize", 0.6, "progress"],
    ["maximize", 3, "target"],
    ["maximize", -0.5, "target"],
    ["maximize", -0.6, "progress"],
  ] as const)("B-24: the target is a bound: to %s, %d is %s", (direction, value, verdict) => {
    expect(look({ target: 0, tolerance: 0.5, direction }, String(value))).toMatchObject({ verdict });
  });

  it("a tolerance that is no number is none", () => {
    expect(look({ target: 0, tolerance: "some" }, "1")).toMatchObject({ verdict: "progress" });
    expect(look({ target: 0, tolerance: "" }, "0")).toMatchObject({ verdict: "target" });
  });

  it("what is no number is the verdict error, and what was remembered stays", () => {
    const evaluation = look({ target: 0 }, "many", { value: 3 });
    expect(evaluation).toEqual({ type: "convergence", verdict: "error", details: { error: 'no number: "many"' } });
    expect(verdictsOf({ target: 0 }, [5, "?", 5])).toEqual(["progress", "error", "stall"]);
    expect(look({ target: `\${context.goal}` }, "1")).toEqual({
      type: "convergence",
      verdict: "error",
      details: { error: expect.stringContaining("context.goal") },
    });
  });

  it("B-41: nan is never there and never nearer, and is not remembered", () => {
    expect(verdictsOf({ target: 0 }, [5, "nan", 4, "inf", 3])).toEqual([
      ...["progress", "stall", "progress", "stall", "progress"],
    ]);
    expect(look({ target: 0 }, "nan", { value: 5 })).toMatchObject({ details: { current: null, delta: null } });
  });

  it("a value that comes nearer at each look never stalls, and one that never does stalls at every look", () => {
    const values = fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(values, (list) => {
        const falling = [...list].sort((a, b) => b - a);
        expect(new Set(verdictsOf({ target: 0 }, falling))).toEqual(new Set(["progress"]));
        const [first, ...later] = verdictsOf({ target: 0 }, falling.toReversed());
        expect(first).toBe("progress");
        expect(new Set(later)).toEqual(new Set(["stall"]));
      }),
    );
  });
});
