import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { rotatedFiles } from "./rotated-files.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-rotated-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const make = (...names: string[]) => {
  for (const name of names) writeFileSync(join(folder, name), "");
};

it("rotated files are told in the order of their numbers, compressed or not", async () => {
  make("events.jsonl", "events.jsonl.10", "events.jsonl.9.gz", "events.jsonl.2", "events.jsonl.100");
  const path = join(folder, "events.jsonl");
  expect(await rotatedFiles(path)).toEqual([
    { path: `${path}.2`, number: 2, gzip: false },
    { path: `${path}.9.gz`, number: 9, gzip: true },
    { path: `${path}.10`, number: 10, gzip: false },
    { path: `${path}.100`, number: 100, gzip: false },
  ]);
});

it("of a file whose compression was interrupted the plain one counts", async () => {
  make("events.jsonl.1", "events.jsonl.1.gz", "events.jsonl.2.gz", "events.jsonl.2");
  expect((await rotatedFiles(join(folder, "events.jsonl"))).map((file) => file.gzip)).toEqual([false, false]);
});

it("other names are none of ours", async () => {
  make("events.jsonl.01", "events.jsonl.0", "events.jsonl.1.gz.tmp", "events.jsonl.lock", "events.jsonl.1.bak");
  make("xevents.jsonl.1", "eventsXjsonl.1", "events.jsonl.-1", "events.jsonl.1e3", "events.jsonl.99999999999999999999");
  mkdirSync(join(folder, "empty"));
  expect(await rotatedFiles(join(folder, "events.jsonl"))).toEqual([]);
});

it("a directory that is not there has none; one that cannot be read is an error", async () => {
  expect(await rotatedFiles(join(folder, "none", "events.jsonl"))).toEqual([]);
  make("file");
  await expect(rotatedFiles(join(folder, "file", "events.jsonl"))).rejects.toThrow("ENOTDIR");
});
