import type { LoopEvent } from "@loops/core";
import { type TransportSubject, transportConformance } from "@loops/testing";
import { afterAll, describe, test, vi } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { createRedisLog } from "../src/redis-log.js";
import { redisStreamTransport } from "../src/redis-stream-transport.js";
import { startProxy } from "./proxy.js";
import { startStreamServer } from "./stream-server.js";

const command = await requireProgram("redis-server", "the conformance of redis-stream");

const bounds = { maxQueueItems: 500, maxQueueBytes: 4_194_304 };
const maxEntries = 1000;
const fast = {
  ...bounds,
  connectTimeoutMs: 200,
  commandTimeoutMs: 200,
  flushIntervalMs: 5,
  retry: { baseMs: 5, maxMs: 40 },
};

if (command === undefined) test.skip("the conformance of redis-stream");
else {
  const server = await startStreamServer(command, { appendfsync: "always" });
  // Where the script that has to end by itself writes to.
  vi.stubEnv("REDIS_URL", server.url);
  afterAll(() => {
    vi.unstubAllEnvs();
    return server.stop();
  });

  /** What is done to the server. */
  interface Trouble {
    /** Whether nobody can look into it meanwhile. */
    readonly blind: boolean;
    fail(): Promise<void>;
    stall(): Promise<void>;
    heal(): Promise<void>;
  }

  const pauseWrites = async () => void (await server.client.call("CLIENT", "PAUSE", "600000", "WRITE"));
  const goOn = async () => void (await server.client.call("CLIENT", "UNPAUSE"));

  const refusing: Trouble = {
    blind: false,
    fail: async () => void (await server.client.config("SET", "maxmemory", "1")),
    stall: pauseWrites,
    async heal() {
      await server.client.config("SET", "maxmemory", "0");
      await goOn();
    },
  };

  const dying: Trouble = {
    blind: true,
    fail: () => server.service.kill(),
    stall: async () => server.service.pause(),
    async heal() {
      server.service.resume();
      if (!isAlive()) await server.service.start();
      await goOn();
    },
  };

  function isAlive(): boolean {
    try {
      process.kill(server.service.pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  const suites = [
    { name: "redis-stream, flat", trouble: refusing, wire: "flat", partitions: 1 },
    { name: "redis-stream whose server is killed and stopped", trouble: dying, wire: "envelope", partitions: 1 },
  ] as const;

  for (const { name, trouble, wire, partitions } of suites) {
    describe(name, () => {
      transportConformance({
        test,
        name,
        capabilities: {
          queued: true,
          durable: true,
          killable: true,
          faults: ["fail", "stall", "poison", "crash"],
          bounds,
          log: { maxEntries },
          script: new URL("./fixtures/ends-by-itself.mjs", import.meta.url),
        },
        async create({ onError }): Promise<TransportSubject> {
          const stream = server.newStream();
          const make = async () => {
            const proxy = await startProxy(server.port);
            const options = { ...fast, url: proxy.url, stream, wire, partitions, maxLen: maxEntries, onError };
            return { proxy, transport: redisStreamTransport(options) };
          };
          let { proxy, transport } = await make();
          const proxies = [proxy];
          const log = createRedisLog({ url: server.url, stream, onError: () => {} });
          /** What was there when nobody could look any more: since then nothing has arrived either. */
          let seen: LoopEvent[] | undefined;
          const observe = async () => seen ?? (await server.events(stream));
          const lookForTheLastTime = async () => {
            if (!trouble.blind || seen !== undefined) return;
            await pauseWrites();
            seen = await observe();
          };
          return {
            transport,
            log,
            observe,
            faults: {
              async fail() {
                await lookForTheLastTime();
                await trouble.fail();
              },
              async stall() {
                await lookForTheLastTime();
                await trouble.stall();
              },
              async heal() {
                await trouble.heal();
                seen = undefined;
              },
              poison: (id) => proxies.forEach((one) => void one.refuse(id)),
              crash: () => proxy.cut(),
              async reopen() {
                ({ proxy, transport } = await make());
                proxies.push(proxy);
                return transport;
              },
            },
            child: { script: new URL("./fixtures/confirms-with.mjs", import.meta.url), args: [server.url, stream] },
            async cleanup() {
              await trouble.heal();
              log.close();
              for (const one of proxies) one.cut();
              await server.client.del(stream);
            },
          };
        },
      });
    });
  }
}
