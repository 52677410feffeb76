import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("fixtures/many-runs.mjs", import.meta.url));
const isLong = process.env["LOOPS_LONG"] === "1";
const runs = isLong ? 100_000 : 1500;
/** Less than 2 kB for each run: a span that is kept takes more. */
const growth = isLong ? 4_000_000 : 2_000_000;

describe.each(["own", "caller"])("with %s provider", (whose) => {
  const measure = async (count: number, kind: string) => {
    const args = ["--expose-gc", script, String(count), kind, whose];
    const { heaps, openRuns, after } = JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
    // From the second look on all runs that may be open are.
    const [, , settled = 0, ...later] = heaps as number[];
    return { grown: Math.max(...later) - settled, openRuns, after };
  };

  it.each(["ends", "open"])(`memory is flat over ${runs} runs: %s`, async (kind) => {
    const { grown, openRuns, after } = await measure(runs, kind);
    expect(openRuns).toBe(kind === "ends" ? 0 : 100);
    expect(grown).toBeLessThan(growth);
    expect(after).toMatchObject({ queued: 0, inFlight: 0, openRuns: 0 });
  });

  it("of a text of a megabyte what is shown is kept, and not the text", async () => {
    expect((await measure(100, "large")).grown).toBeLessThan(4_000_000);
  });
});
