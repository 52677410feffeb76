import { describe, expect, it } from "vitest";
import { request, withEffects } from "../../test/evaluators/support.js";
import type { DiffStallConfig } from "../definition/types.js";
import { evaluate } from "./evaluate.js";
import type { EvaluatorMemory } from "./evaluation.js";

/** What one state's looks say of these differences, each with what the one before left in memory. */
async function looks(config: Omit<DiffStallConfig, "type">, diffs: readonly (string | Error)[]) {
  let memory: EvaluatorMemory | null = null;
  const evaluations = [];
  for (const diff of diffs) {
    const diffStat = () => (typeof diff === "string" ? Promise.resolve(diff) : Promise.reject(diff));
    const asked = request({ config: { type: "diff_stall", ...config }, memory });
    const evaluation = await evaluate(asked, withEffects({ diffStat }));
    memory = evaluation.memory ?? memory;
    evaluations.push(evaluation);
  }
  return evaluations;
}
const verdicts = async (...of: Parameters<typeof looks>) => (await looks(...of)).map(({ verdict }) => verdict);

describe("diff_stall", () => {
  it("says no at once where nothing has changed since the last look, and yes again when something has", async () => {
    expect(await verdicts({}, ["a", "a", "a", "b", "b"])).toEqual(["yes", "no", "no", "yes", "no"]);
  });

  it("waits for as many looks without a change as max_stall says", async () => {
    expect(await verdicts({ max_stall: 2 }, ["", "", "", "x", "x", ""])).toEqual([
      "yes",
      "yes",
      "no",
      "yes",
      "yes",
      "yes",
    ]);
  });

  it("tells count, limit and whether anything has changed, in this order", async () => {
    const details = (await looks({ max_stall: 2 }, ["a", "a", "a"])).map((evaluation) =>
      JSON.stringify(evaluation.details),
    );
    expect(details).toEqual([
      '{"stall_count":0,"max_stall":2,"diff_changed":true}',
      '{"stall_count":1,"max_stall":2,"diff_changed":false}',
      '{"stall_count":2,"max_stall":2,"diff_changed":false}',
    ]);
  });

  it("B-32: remembers in the run, by a hash, what it has seen", async () => {
    const [first] = await looks({}, ["secret/path | 3 ++-\n".repeat(10_000)]);
    expect(first?.memory).toEqual({ snapshot: expect.stringMatching(/^[\w-]{43}$/), stall_count: 0 });
    // A run that remembers nothing begins anew, whatever another run has seen.
    expect(await verdicts({}, ["same", "same"])).toEqual(["yes", "no"]);
    expect(await verdicts({}, ["same"])).toEqual(["yes"]);
  });

  it("differences that cannot be had are the verdict error, and change nothing in what is remembered", async () => {
    const all = await looks({}, ["a", new Error("no repository"), "a"]);
    expect(all[1]).toEqual({ type: "diff_stall", verdict: "error", details: { error: "no repository" } });
    expect(all[2]).toMatchObject({ verdict: "no" });
  });

  it("asks for the paths of its scope, and rejects once it is given up", async () => {
    const stop = new AbortController();
    const asked: (readonly string[])[] = [];
    const diffStat = (scope: readonly string[], signal: AbortSignal) => {
      asked.push(scope);
      return new Promise<string>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    const config = { type: "diff_stall", scope: ["src", "docs"] } as const;
    const judging = evaluate(request({ config }), withEffects({ diffStat, signal: stop.signal }));
    stop.abort(new Error("stopped by force"));
    await expect(judging).rejects.toThrow("stopped by force");
    expect(asked).toEqual([["src", "docs"]]);
  });
});
