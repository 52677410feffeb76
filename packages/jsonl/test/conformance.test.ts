import nodeFs, { writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoopEvent } from "@loops/core";
import type { AppendFs } from "@loops/core/ndjson";
import { transportConformance } from "@loops/testing";
import { test } from "vitest";
import { jsonlTransport } from "../src/jsonl-transport.js";
import { readEvents } from "../src/read-events.js";

const bounds = { maxQueueItems: 200, maxQueueBytes: 65_536 };

transportConformance({
  test,
  name: "jsonl",
  capabilities: {
    queued: true,
    durable: true,
    // A synchronous write either succeeds or fails: it cannot stall without stalling the process.
    faults: ["fail", "crash"],
    bounds,
    script: new URL("./fixtures/ends-by-itself.mjs", import.meta.url),
  },
  async create() {
    const folder = await mkdtemp(join(tmpdir(), "loops-jsonl-kit-"));
    const path = join(folder, "events.jsonl");
    const disk = { works: true };
    const make = (power: { on: boolean }) => {
      const fs: AppendFs = {
        ...nodeFs,
        writeSync: ((...args: Parameters<typeof writeSync>) => {
          // A process that was killed writes nothing, and nobody sees it fail.
          if (!power.on || !disk.works) throw Object.assign(new Error("EIO: told to fail"), { code: "EIO" });
          return writeSync(...args);
        }) as never,
      };
      return jsonlTransport({ path, ...bounds, flushIntervalMs: 5, maxRetryMs: 20, fs });
    };
    let power = { on: true };
    const transport = make(power);
    return {
      transport,
      async observe() {
        const events: LoopEvent[] = [];
        for await (const event of readEvents(path)) events.push(event);
        return events;
      },
      faults: {
        fail() {
          disk.works = false;
        },
        heal() {
          disk.works = true;
        },
        crash() {
          power.on = false;
        },
        reopen() {
          power = { on: true };
          return make(power);
        },
      },
      cleanup: () => rm(folder, { recursive: true, force: true }),
    };
  },
});
