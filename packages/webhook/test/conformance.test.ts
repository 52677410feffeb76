import { cpSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transportConformance } from "@loops/testing";
import { test } from "vitest";
import { type WebhookTransportOptions, webhookTransport } from "../src/index.js";
import { startReceiver } from "./receiver.js";

const bounds = { maxQueueItems: 200, maxQueueBytes: 65_536 };
const quick: Partial<WebhookTransportOptions> = {
  flushIntervalMs: 10,
  timeoutMs: 1000,
  maxRetries: 1000,
  retryBaseMs: 5,
  maxRetryMs: 20,
  splitRefused: true,
};

for (const spooled of [false, true]) {
  transportConformance({
    test,
    name: spooled ? "webhook with a spool" : "webhook",
    capabilities: {
      queued: true,
      durable: true,
      killable: true,
      faults: ["fail", "stall", "poison", "crash"],
      // With a spool what does not fit into memory waits on disk.
      ...(!spooled && { bounds }),
      script: new URL("./fixtures/ends-by-itself.mjs", import.meta.url),
    },
    async create({ onError }) {
      const folder = await mkdtemp(join(tmpdir(), "loops-webhook-kit-"));
      const receiver = await startReceiver();
      const poison = new Set<string>();
      const stalled = new Set<ServerResponse>();
      let mood: "well" | "failing" | "stalling" = "well";
      /** The life of the process that may still speak: a killed one is silent. */
      let life = 1;
      receiver.answer(({ path, body }) => {
        const isGone = path.startsWith("/life-") && path !== `/life-${life}`;
        if (isGone || mood === "stalling") return (response) => void stalled.add(response);
        if (mood === "failing") return 503;
        return JSON.parse(body).some(({ id }: { id: string }) => poison.has(id)) ? 422 : 204;
      });
      const make = () =>
        webhookTransport({
          url: `${receiver.url}life-${life}`,
          ...(spooled ? { spool: { path: join(folder, `spool-${life}`) } } : bounds),
          ...quick,
          onError,
        });
      return {
        transport: make(),
        observe: () => receiver.events(),
        faults: {
          fail() {
            mood = "failing";
          },
          stall() {
            mood = "stalling";
          },
          poison(id) {
            poison.add(id);
          },
          heal() {
            mood = "well";
            for (const response of stalled) response.writeHead(503).end();
            stalled.clear();
          },
          crash() {
            // What the disk has at this moment is what the next process finds.
            if (spooled) {
              const filter = (path: string) => !path.endsWith("lock");
              cpSync(join(folder, `spool-${life}`), join(folder, `spool-${life + 1}`), { recursive: true, filter });
            }
            life++;
          },
          reopen: () => make(),
        },
        child: {
          script: new URL("./fixtures/confirms-with.mjs", import.meta.url),
          args: [receiver.url, spooled ? join(folder, "spool-of-child") : ""],
        },
        async cleanup() {
          await receiver.close();
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
  });
}
