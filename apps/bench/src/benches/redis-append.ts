import { createBus, type EventInput, encodeEvent, stamp } from "@loops/core";
import { redisStreamTransport, toWire } from "@loops/redis-stream";
import { Redis } from "ioredis";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";
import { benchRedis, redisIsMissing } from "../redis-server.js";

const batch = 500;
const maxLen = 100_000;

export const redisAppend: Bench = {
  name: "redis-append",
  what: `emit events of five fields until a Redis Stream has them; theirs: awaited ioredis pipelines of ${batch} XADDs with the same body, made once`,
  unit: "op/s",
  clock: "wall",
  runMs: 100,
  bar: 0.9,
  lacks: redisIsMissing,
  async setup() {
    const server = await benchRedis();
    const client = new Redis(server.url);
    const ours = onBus(server.url, fiveFields);
    return {
      ours,
      theirs: byHand(client, fiveFields),
      async teardown() {
        await ours.close();
        client.disconnect();
        await server.stop();
      },
    };
  },
};

function onBus(url: string, event: EventInput): Side & { close(): Promise<unknown> } {
  const transport = redisStreamTransport({ url, stream: "ours", maxLen });
  const bus = createBus();
  bus.addTransport(transport);
  return {
    async run(iterations) {
      const before = transport.stats().delivered;
      for (let done = 0; done < iterations; done += 10_000) {
        for (let i = done; i < Math.min(iterations, done + 10_000); i++) bus.emit(event);
        await bus.flush();
      }
      return transport.stats().delivered - before;
    },
    close: () => bus.close(),
  };
}

function byHand(client: Redis, event: EventInput): Side {
  const stamped = stamp(event);
  const body = JSON.stringify(toWire(JSON.parse(encodeEvent(stamped).json)));
  return {
    async run(iterations) {
      let done = 0;
      while (done < iterations) {
        const pipeline = client.pipeline();
        const count = Math.min(batch, iterations - done);
        for (let i = 0; i < count; i++) pipeline.xadd("theirs", "MAXLEN", "~", maxLen, "*", "data", body);
        for (const [error] of (await pipeline.exec()) ?? []) {
          if (error !== null) throw error;
          done++;
        }
      }
      return done;
    },
  };
}
