import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { commitsOf, inFiles, sameBytes } from "../src/fsm-file-sides.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-bench-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("the bare writes are those of the states of a run, and nothing else", async () => {
  const commits = (await commitsOf(join(folder, "sample"))).map((bytes) =>
    bytes
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).event),
  );
  expect(commits).toHaveLength(300);
  for (let at = 0; at < commits.length; at += 3) {
    const ofState = commits.slice(at, at + 3);
    expect(ofState).toEqual([["state_enter", "action_start"], ["action_complete"], ["evaluate", "route"]]);
  }
});

it("a file that lacks a line is no result", () => {
  const path = join(folder, "bare.jsonl");
  const side = sameBytes(path, [Buffer.from("{}\n"), Buffer.from("{}\n{}\n"), Buffer.from("{}\n")], "power");
  expect(side.run(5)).toBe(5);
  side.reset?.();
  side.run(5);
  rmSync(path);
  sameBytes(path, [], "process").close();
  expect(() => side.reset?.()).toThrow("0 of 20 lines");
  side.close();
});

it("a run that is not there, or not to its end, is no result", async () => {
  const dir = join(folder, "run");
  const side = inFiles(dir, { held: "x".repeat(100_000) });
  expect(await side.run(7)).toBe(7);
  const another = inFiles(dir, { held: "y" });
  await expect(another.reset?.()).rejects.toThrow("7 of 0 states");
  await side.reset?.();
  await expect(side.reset?.()).rejects.toThrow("undefined of 7 states");
});
