import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BadLine, type NdjsonRecord, type ReadNdjsonOptions, readNdjson, readNdjsonSync } from "./read.js";

function fileWith(content: string | Buffer): string {
  const directory = mkdtempSync(join(tmpdir(), "ndjson-read-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "events.jsonl");
  writeFileSync(path, content);
  return path;
}

async function readBoth(path: string, options: ReadNdjsonOptions = {}) {
  const bad: BadLine[] = [];
  const badSync: BadLine[] = [];
  const records: NdjsonRecord[] = [];
  for await (const record of readNdjson(path, { ...options, onBad: (line) => bad.push(line) })) records.push(record);
  const sync = [...readNdjsonSync(path, { ...options, onBad: (line) => badSync.push(line) })];
  expect({ records: sync, bad: badSync }).toEqual({ records, bad });
  return { records, bad };
}

describe("readNdjson and readNdjsonSync", () => {
  it("J-9: a missing file is empty", async () => {
    expect(await readBoth(join(tmpdir(), "no-such-directory", "events.jsonl"))).toEqual({ records: [], bad: [] });
  });

  it("J-9: skips blank, malformed and non-object lines, and counts those that are bad with their place", async () => {
    const { records, bad } = await readBoth(fileWith('{"a":1}\n\n{bad\n[]\n{"b":2}\n'));
    expect(records).toEqual([
      { value: { a: 1 }, start: 0, end: 8, torn: false },
      { value: { b: 2 }, start: 17, end: 25, torn: false },
    ]);
    expect(bad).toEqual([
      { reason: "not_json", start: 9, end: 14, torn: false, number: 3 },
      { reason: "not_an_object", start: 14, end: 17, torn: false, number: 4 },
    ]);
  });

  it("recognises a torn last line: bad where it does not parse, marked where it does", async () => {
    const torn = await readBoth(fileWith('{"a":1}\n{"b":'));
    expect(torn.bad).toEqual([{ reason: "not_json", start: 8, end: 13, torn: true, number: 2 }]);
    const whole = await readBoth(fileWith('{"a":1}\n{"b":2}'));
    expect(whole.records.map((record) => record.torn)).toEqual([false, true]);
    expect(whole.bad).toEqual([]);
  });

  it("begins at a byte offset, and the ends it tells are such offsets", async () => {
    const path = fileWith('{"a":"é"}\n{"b":2}\n{"c":3}\n');
    const first = (await readBoth(path)).records[0];
    const { records } = await readBoth(path, { start: first?.end ?? -1 });
    expect(records.map((record) => record.value)).toEqual([{ b: 2 }, { c: 3 }]);
  });

  it("reads lines and characters that lie across its chunks", async () => {
    const values = Array.from({ length: 3_000 }, (_, n) => ({ n, text: "é".repeat(n % 100) }));
    const { records } = await readBoth(fileWith(values.map((value) => `${JSON.stringify(value)}\n`).join("")));
    expect(records.map((record) => record.value)).toEqual(values);
  });

  it("skips a line over the bound as bad and reads those behind it", async () => {
    const path = fileWith(`{"a":"${"x".repeat(200_000)}"}\n{"b":2}\n`);
    const { records, bad } = await readBoth(path, { maxLineBytes: 1_000 });
    expect(records.map((record) => record.value)).toEqual([{ b: 2 }]);
    expect(bad.map((line) => line.reason)).toEqual(["too_long"]);
  });

  it("reports what cannot be read, other than a missing file", async () => {
    await expect(readNdjson(tmpdir()).next()).rejects.toThrow("EISDIR");
    expect(() => readNdjsonSync(tmpdir()).next()).toThrow("EISDIR");
  });
});
