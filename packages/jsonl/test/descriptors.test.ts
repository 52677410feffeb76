import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus } from "@loops/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type JsonlTransportOptions, jsonlTransport } from "../src/index.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-jsonl-descriptors-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What of the folder is open in this process. */
const openFiles = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // The descriptor of the listing itself.
    }
  });

const kinds: [string, Partial<JsonlTransportOptions>][] = [
  ["plain", {}],
  ["asynchronous", { async: true }],
  ["forced to the disk", { fsync: "batch" }],
  ["rotating", { rotate: { maxBytes: 2000, maxFiles: 2 } }],
];

it.runIf(existsSync("/proc/self/fd")).each(kinds)(
  "J-7: a sink that is %s holds one descriptor of its file while it is open, and none after close",
  async (_kind, options) => {
    const path = join(folder, "events.jsonl");
    const bus = createBus();
    bus.addTransport(jsonlTransport({ path, ...options }));
    expect(openFiles()).toEqual([]);
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 100; n++) bus.emit({ event: "step", n });
      await bus.flush();
    }
    expect(openFiles()).toEqual([path]);
    await bus.close();
    expect(openFiles()).toEqual([]);
  },
);
