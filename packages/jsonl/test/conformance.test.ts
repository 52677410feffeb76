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

const keepAll = { maxBytes: 4000, maxFiles: Number.MAX_SAFE_INTEGER };

/** How a disk fails: at once, or in the middle of a line, as a full one does. The second queue has room for 1 MiB at once. */
const kinds = [
  { name: "jsonl", roomBytes: 0, code: "EIO", maxQueueBytes: 65_536 },
  { name: "jsonl on a disk that fills up", roomBytes: 150, code: "ENOSPC", maxQueueBytes: 8_388_608 },
  { name: "jsonl, rotated", roomBytes: 150, code: "ENOSPC", maxQueueBytes: 8_388_608, rotate: keepAll },
];

for (const { name, roomBytes, code, maxQueueBytes, rotate } of kinds) {
  const bounds = { maxQueueItems: 200, maxQueueBytes };
  transportConformance({
    test,
    name,
    capabilities: {
      queued: true,
      durable: true,
      killable: true,
      // A synchronous write either succeeds or fails: it cannot stall without stalling the process.
      // Within one process the lock of a rotating writer that has crashed is that of a living one.
      faults: rotate === undefined ? ["fail", "crash"] : ["fail"],
      bounds,
      script: new URL("./fixtures/ends-by-itself.mjs", import.meta.url),
    },
    async create({ onError }) {
      const folder = await mkdtemp(join(tmpdir(), "loops-jsonl-kit-"));
      const path = join(folder, "events.jsonl");
      const disk = { roomBytes: Number.POSITIVE_INFINITY };
      const make = (power: { on: boolean }) => {
        const fs: AppendFs = {
          ...nodeFs,
          writeSync: ((fd: number, bytes: Uint8Array, offset = 0, length = bytes.length) => {
            const count = Math.min(length, disk.roomBytes);
            // A process that was killed writes nothing, and nobody sees it fail.
            if (!power.on || count <= 0) throw Object.assign(new Error(`${code}: told to fail`), { code });
            disk.roomBytes -= count;
            return writeSync(fd, bytes, offset, count);
          }) as never,
        };
        return jsonlTransport({ path, rotate, ...bounds, flushIntervalMs: 5, maxRetryMs: 20, onError, fs });
      };
      let power = { on: true };
      const transport = make(power);
      return {
        transport,
        async observe() {
          const events: LoopEvent[] = [];
          for await (const event of readEvents(path, { rotated: true })) events.push(event);
          return events;
        },
        faults: {
          fail() {
            disk.roomBytes = roomBytes;
          },
          heal() {
            disk.roomBytes = Number.POSITIVE_INFINITY;
          },
          ...(rotate === undefined && {
            crash() {
              power.on = false;
            },
            reopen() {
              power = { on: true };
              return make(power);
            },
          }),
        },
        child: {
          script: new URL("./fixtures/confirms-with.mjs", import.meta.url),
          args: [path, JSON.stringify({ rotate })],
        },
        cleanup: () => rm(folder, { recursive: true, force: true }),
      };
    },
  });
}
