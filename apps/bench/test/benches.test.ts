import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { benches } from "../src/benches/index.js";
import { runBench } from "../src/harness.js";

// Whether a benchmark works, not how fast anything is.
it.each(benches.filter(({ lacks }) => lacks?.() === undefined))(
  "$name does all of its work on both sides, and leaves nothing behind",
  async (bench) => {
    const result = await runBench(bench, { rounds: 1, warmUpRounds: 0, runMs: 1, short: true });
    expect(result.name).toBe(bench.name);
    expect(result.ours).toBeGreaterThan(0);
    expect(result.theirs).toBeGreaterThan(0);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`loops-bench-${process.pid}-`))).toEqual([]);
  },
);

it("no two benchmarks have one name", () => {
  expect(new Set(benches.map(({ name }) => name)).size).toBe(benches.length);
});
