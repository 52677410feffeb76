import { describe, expect, it } from "vitest";
import { fakeRunner } from "../../test/engine/harness.js";
import { loopOf } from "../../test/engine/machines.js";
import { memoryStore } from "../store/memory-store.js";
import { withLimits } from "./limits.js";
import { resumeLoop } from "./resume-loop.js";
import { runLoop } from "./run-loop.js";

const loop = loopOf({ a: { action: "work", next: "done" }, done: { terminal: true } }, { timeout: 60 });
const no = [Number.NaN, -1, 0, null, "3", true, {}] as const;

describe("limits of a run", () => {
  it.each(
    [...no, 1.5].map((value) => ({ maxIterations: value })).concat(no.map((value) => ({ timeoutMs: value })) as []),
  )("%j is refused before anything is kept, naming the option", async (limits) => {
    const store = memoryStore();
    const expected = { code: "LOOPS_CONFIG", message: expect.stringContaining(`limits.${Object.keys(limits)[0]} is`) };
    const given = { store, runner: fakeRunner(), limits: limits as never };
    await expect(runLoop({ definition: loop, ...given })).rejects.toMatchObject(expected);
    await expect(resumeLoop({ run: "any", ...given })).rejects.toMatchObject(expected);
    expect(await store.list()).toEqual({ runs: [], corrupt: [] });
  });

  it("Infinity is no limit, and still is none once it has been through JSON", () => {
    const none = { maxIterations: Number.POSITIVE_INFINITY, timeoutMs: Number.POSITIVE_INFINITY };
    const kept: unknown = JSON.parse(JSON.stringify(withLimits(loop, none)));
    expect(kept).toEqual({ ...loop, timeout: undefined, max_iterations: Number.MAX_SAFE_INTEGER });
  });

  it("those that are left out are the loop's, and those given take their place", () => {
    expect(withLimits(loop, {})).toEqual(loop);
    expect(withLimits(loop)).toEqual(loop);
    expect(withLimits(loop, { maxIterations: 3, timeoutMs: 1500 })).toEqual({
      ...loop,
      max_iterations: 3,
      timeout: 1.5,
    });
  });
});
