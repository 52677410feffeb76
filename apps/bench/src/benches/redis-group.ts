import { createBus } from "@loops/core";
import { consumeGroup, redisStreamTransport } from "@loops/redis-stream";
import { Redis } from "ioredis";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";
import { benchRedis, redisIsMissing } from "../redis-server.js";

const stream = "group";
const count = 100;

export const redisGroup: Bench = {
  name: "redis-group",
  what: `handle events of five fields with a consumer group, ${count} at a time, by a handler that does nothing; theirs: a bare loop of XREADGROUP, JSON.parse and XACK`,
  unit: "op/s",
  clock: "wall",
  runMs: 100,
  bar: 0.7,
  lacks: redisIsMissing,
  async setup({ short }) {
    const server = await benchRedis();
    const entries = short ? 1000 : 50_000;
    const bus = createBus();
    bus.addTransport(redisStreamTransport({ url: server.url, stream, maxLen: 0, maxQueueItems: entries }));
    for (let i = 0; i < entries; i++) bus.emit(fiveFields);
    await bus.close();
    const client = new Redis(server.url);
    const work = await givenAgain(client);
    const ours = await withGroup(server.url, client, work);
    return {
      ours,
      theirs: await byHand(client, work),
      async teardown() {
        await ours.close();
        client.disconnect();
        await server.stop();
      },
    };
  },
};

/** Puts a group back, so that it is given the last entries of the stream once more. Returns how many: at most `most`. */
type GiveAgain = (group: string, most: number) => number;

async function givenAgain(client: Redis): Promise<GiveAgain> {
  const entries = await client.xrange(stream, "-", "+");
  const ids = entries.map(([id]) => id);
  const body = entries[0]?.[1] ?? [];
  return (group, most) => {
    const given = Math.min(most, ids.length);
    void client.xgroup("SETID", stream, group, ids[ids.length - given] as string);
    // The last of them is a new one: nothing else wakes who waits.
    const [ms, n] = (ids.at(-1) as string).split("-");
    const next = `${ms}-${Number(n) + 1}`;
    void client.xadd(stream, next, ...body);
    ids.push(next);
    return given;
  };
}

async function withGroup(url: string, client: Redis, again: GiveAgain): Promise<Side & { close(): Promise<unknown> }> {
  await client.xgroup("CREATE", stream, "ours", "$");
  let [handled, left] = [0, 0];
  let finish = () => {};
  const consumer = consumeGroup({
    url,
    stream,
    group: "ours",
    count,
    handle({ event }) {
      if (event === fiveFields.event) handled++;
      if (--left === 0) finish();
    },
  });
  return {
    async run(iterations) {
      handled = 0;
      while (handled < iterations) {
        const done = new Promise<void>((resolve) => {
          finish = resolve;
        });
        left = again("ours", iterations - handled);
        await done;
      }
      while (consumer.stats().acknowledging > 0) await new Promise((resolve) => setImmediate(resolve));
      return handled;
    },
    close: () => consumer.stop(),
  };
}

async function byHand(client: Redis, again: GiveAgain): Promise<Side> {
  await client.xgroup("CREATE", stream, "theirs", "$");
  return {
    async run(iterations) {
      let handled = 0;
      for (let left = 0; handled < iterations; ) {
        if (left === 0) left = again("theirs", iterations - handled);
        const read = await client.xreadgroup("GROUP", "theirs", "c", "COUNT", count, "STREAMS", stream, ">");
        const entries = ((read ?? []) as [string, [string, string[]][]][])[0]?.[1] ?? [];
        for (const [, [, data = ""]] of entries) if (JSON.parse(data).kind === fiveFields.event) handled++;
        await client.xack(stream, "theirs", ...entries.map(([id]) => id));
        left -= entries.length;
      }
      return handled;
    },
  };
}
