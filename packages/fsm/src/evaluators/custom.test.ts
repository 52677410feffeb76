import { describe, expect, it } from "vitest";
import { request, resultOf, withEffects } from "../../test/evaluators/support.js";
import { evaluate } from "./evaluate.js";
import type { CustomEvaluator } from "./evaluation.js";

const asked = request({
  config: { type: "score", limit: 3 },
  result: resultOf({ output: "out", exit_code: 2 }),
  text: "of the source",
  memory: { seen: 1 },
});
const judge = (score: unknown) => evaluate(asked, withEffects({ custom: { score: score as CustomEvaluator } }));

describe("an evaluator of the program's own", () => {
  it("is given its config, the result, the text, what it remembers and the signal", () => {
    const seen: unknown[] = [];
    const evaluation = judge((...given: unknown[]) => {
      seen.push(...given);
      return { verdict: "good", details: { points: 5 }, memory: { seen: 2 } };
    });
    expect(evaluation).toEqual({ type: "score", verdict: "good", details: { points: 5 }, memory: { seen: 2 } });
    expect(seen).toEqual([
      { type: "score", limit: 3 },
      { result: asked.result, text: "of the source", memory: { seen: 1 }, signal: expect.any(AbortSignal) },
    ]);
  });

  it("may take its time", async () => {
    const evaluation = judge(async () => ({ verdict: "later", details: {} }));
    expect(evaluation).toBeInstanceOf(Promise);
    expect(await evaluation).toEqual({ type: "score", verdict: "later", details: {} });
  });

  it("may leave the details out", () => {
    expect(judge(() => ({ verdict: "yes" }))).toEqual({ type: "score", verdict: "yes", details: {} });
  });

  it("what it throws or rejects with is passed on as it is", async () => {
    const broken = new Error("no scores today");
    const throwing = () => {
      throw broken;
    };
    expect(() => judge(throwing)).toThrow(broken);
    await expect(judge(() => Promise.reject(broken))).rejects.toBe(broken);
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  it.each([
    [undefined, "it must be an object"],
    ["yes", "it must be an object"],
    [{}, '"verdict" must be text'],
    [{ verdict: "" }, '"verdict" must be text'],
    [{ verdict: true }, '"verdict" must be text'],
    [{ verdict: "yes", details: null }, '"details" must be an object'],
    [{ verdict: "yes", details: [1] }, '"details" must be an object'],
    [{ verdict: "yes", details: { a: { b: () => 1 } } }, '"details.a.b"'],
    [{ verdict: "yes", details: { score: Number.NaN } }, '"details.score"'],
    [{ verdict: "yes", details: cycle }, '"details.self'],
    [{ verdict: "yes", memory: 5 }, '"memory" must be an object'],
    [{ verdict: "yes", memory: { at: new Date(0) } }, '"memory.at"'],
  ])("what is no verdict is refused: %#", async (answer, problem) => {
    const error = { code: "LOOPS_EVALUATOR", message: expect.stringContaining(problem) };
    expect(() => judge(() => answer)).toThrow(expect.objectContaining(error));
    await expect(judge(async () => answer)).rejects.toMatchObject(error);
  });

  it("what it changes later in its own objects changes nothing", () => {
    const details = { points: 1 };
    const evaluation = judge(() => ({ verdict: "yes", details }));
    details.points = 2;
    expect(evaluation).toMatchObject({ details: { points: 1 } });
  });

  it("does not take the place of one that is built in", () => {
    const custom = { exit_code: () => ({ verdict: "mine", details: {} }) };
    expect(evaluate(request({ config: { type: "exit_code" } }), withEffects({ custom }))).toMatchObject({
      verdict: "yes",
    });
  });
});
