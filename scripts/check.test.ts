import { describe, expect, it } from "vitest";
import { straySources } from "./check/contents.mjs";
import { pinnedAddresses } from "./check/lockfile.mjs";
import { headings, linksOf, slugsOf } from "./check/markdown.mjs";
import { runSteps, type Step, type StepResult } from "./check/scheduler.mjs";

describe("runSteps", () => {
  const pass = (name: string, needs: string[] = []): Step => ({ name, needs, run: async () => {} });
  const fail = (name: string, needs: string[] = []): Step => ({
    name,
    needs,
    run: () => Promise.reject(new Error(name)),
  });
  const statuses = (results: readonly StepResult[]) =>
    Object.fromEntries(results.map(({ name, status }) => [name, status]));

  it("goes on after a failure, and skips only what needed it", async () => {
    const steps = [fail("build"), pass("pack", ["build"]), pass("install", ["pack"]), pass("lint")];
    expect(statuses(await runSteps(steps, 2, () => {}))).toEqual({
      build: "failed",
      pack: "skipped",
      install: "skipped",
      lint: "passed",
    });
  });

  it("never runs more side by side than it may, and starts what is ready past what waits", async () => {
    let running = 0;
    let most = 0;
    const order: string[] = [];
    const slow = (name: string, needs: string[] = []): Step => ({
      name,
      needs,
      async run() {
        order.push(name);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      },
    });
    await runSteps([slow("a"), slow("b", ["a"]), slow("c"), slow("d")], 2, () => {});
    expect(most).toBe(2);
    expect(order.slice(0, 2)).toEqual(["a", "c"]);
    expect(order).toHaveLength(4);
  });

  it("waits for what it comes after, and runs however that ended", async () => {
    const steps = [fail("build"), { ...pass("types"), after: ["build"] }];
    const results = await runSteps(steps, 2, () => {});
    expect(results.map(({ name, status }) => `${name} ${status}`)).toEqual(["build failed", "types passed"]);
  });

  it("says so when a need is a step that is not there", async () => {
    await expect(runSteps([pass("a", ["ghost"])], 2, () => {})).rejects.toThrow("a");
  });
});

describe("Markdown", () => {
  const page = [
    "# The `LOOPS_CONFIG` code",
    'See [one](a.md), ![two](<b c.png>) and [three](d.md#part "title").',
    "`[not](code.md)`",
    "```md",
    "[not](fenced.md)",
    "# not a heading",
    "```",
    "[ref]: e.md",
    "## Same",
    "## Same",
  ].join("\n");

  it("links are found with their lines, and not in code", () => {
    expect(linksOf(page)).toEqual([
      { target: "a.md", line: 2 },
      { target: "b c.png", line: 2 },
      { target: "d.md#part", line: 2 },
      { target: "e.md", line: 8 },
    ]);
  });

  it("headings get the anchors that GitHub gives them", () => {
    expect(headings(page)).toEqual(["The `LOOPS_CONFIG` code", "Same", "Same"]);
    expect([...slugsOf(page)]).toEqual(["the-loops_config-code", "same", "same-1"]);
  });
});

it("a lockfile may not say where a package was fetched from", () => {
  const text = [
    "  a@1.0.0:",
    "    resolution: {integrity: sha512-x}",
    "    deprecated: see https://example.org",
    "  b@1.0.0:",
    "    resolution: {integrity: sha512-y, tarball: https://registry.example.org/b.tgz}",
  ].join("\n");
  expect(pinnedAddresses(text).map(({ number }) => number)).toEqual([5]);
});

it("a source map may not name a path above its package", () => {
  const sources = ["../src/a.ts", "../../src/a.ts", "/home/me/a.ts", "file:///a.ts"];
  expect(straySources("dist/a.js.map", { sources })).toEqual(sources.slice(1));
});
