import { createBus } from "@loops/core";
import { readStream, redisStreamTransport, type StreamReader } from "@loops/redis-stream";
import { Redis } from "ioredis";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";
import { benchRedis, redisIsMissing } from "../redis-server.js";

const stream = "read";
const count = 50;

export const redisRead: Bench = {
  name: "redis-read",
  what: `read events of five fields from a Redis Stream, ${count} at a time; theirs: a bare XREAD loop with JSON.parse`,
  unit: "op/s",
  clock: "wall",
  runMs: 100,
  bar: 0.8,
  lacks: redisIsMissing,
  async setup({ short }) {
    const server = await benchRedis();
    const entries = short ? 1000 : 100_000;
    const bus = createBus();
    bus.addTransport(redisStreamTransport({ url: server.url, stream, maxLen: 0, maxQueueItems: entries }));
    for (let i = 0; i < entries; i++) bus.emit(fiveFields);
    await bus.close();
    const client = new Redis(server.url);
    const ours = withReader(server.url, entries);
    return {
      ours,
      theirs: byHand(client),
      async teardown() {
        await ours.close();
        client.disconnect();
        await server.stop();
      },
    };
  },
};

/** Begins again at the end of the stream. */
function withReader(url: string, entries: number): Side & { close(): Promise<unknown> } {
  let reader: StreamReader | undefined;
  let left = 0;
  return {
    async run(iterations) {
      let done = 0;
      while (done < iterations) {
        if (reader === undefined || left === 0) {
          await reader?.return();
          reader = readStream({ url, stream, lastId: "0", count });
          left = entries;
        }
        const { value } = await reader.next();
        left--;
        if (value?.event === fiveFields.event) done++;
      }
      return done;
    },
    close: async () => reader?.return(),
  };
}

function byHand(client: Redis): Side {
  let id = "0";
  return {
    async run(iterations) {
      let done = 0;
      while (done < iterations) {
        const read = await client.xread("COUNT", count, "STREAMS", stream, id);
        if (read === null) id = "0";
        for (const [entryId, [, data = ""]] of read?.[0]?.[1] ?? []) {
          if (done === iterations) break;
          id = entryId;
          if (JSON.parse(data).kind === fiveFields.event) done++;
        }
      }
      return done;
    },
  };
}
