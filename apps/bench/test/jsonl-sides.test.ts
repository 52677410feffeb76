import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fiveFields } from "../src/events.js";
import { busToFile, loopToFile, pinoToFile } from "../src/jsonl-sides.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-bench-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("all that are compared write the same fields, and all lines are there when a run ends", async () => {
  const events = 500; // Some 90 KiB: more than any of them keeps back.
  for (const create of [busToFile, pinoToFile, loopToFile]) {
    const path = join(folder, create.name);
    const side = await create(path, fiveFields);
    expect(await side.run(events)).toBe(events);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines, create.name).toHaveLength(events);
    for (const line of lines) {
      const { ts, id, ...fields } = JSON.parse(line);
      expect(fields).toEqual(fiveFields);
      expect(ts).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(line.length - id.length).toBe(JSON.stringify({ ts, id: "", ...fields }).length);
    }
    await side.close();
  }
});

it("a run whose lines are not all in the file is no result", async () => {
  const path = join(folder, "events.jsonl");
  const side = loopToFile(path, fiveFields);
  await side.run(2);
  rmSync(path);
  loopToFile(path, fiveFields).close();
  expect(() => side.reset?.()).toThrow("0 of 2 lines");
  await side.close();
});
