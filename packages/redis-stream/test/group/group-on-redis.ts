import { Redis as Client } from "ioredis";
import { expect, vi } from "vitest";
import { startRedis } from "../../../../scripts/services/redis.js";
import { type ConsumeGroupOptions, consumeGroup, type GroupConsumer } from "../../src/index.js";

/** Short enough for a test, long enough for a busy machine. */
export const quick = { claimIdleMs: 1500, heartbeatMs: 200, blockMs: 500, retry: { baseMs: 20, maxMs: 100 } };

/** A Redis of the test's own, what looks at it, and consumers that end with it. */
export async function groupOnRedis(command: string, options?: Parameters<typeof startRedis>[1]) {
  const redis = await startRedis(command, options);
  const client = new Client(redis.url);
  client.on("error", () => {});
  const consumers: GroupConsumer[] = [];
  return {
    redis,
    client,
    consume(given: Partial<ConsumeGroupOptions> & Pick<ConsumeGroupOptions, "handle">): GroupConsumer {
      const errors = { onError: () => {} };
      const consumer = consumeGroup({ url: redis.url, stream: "s", group: "g", ...quick, ...errors, ...given });
      consumers.push(consumer);
      return consumer;
    },
    /** Adds events numbered from `first` on. */
    async add(count: number, { first = 0, stream = "s" } = {}): Promise<void> {
      const pipeline = client.pipeline();
      for (let n = first; n < first + count; n++) pipeline.xadd(stream, "*", "data", JSON.stringify({ event: "e", n }));
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
    },
    /** Entries that were given to a consumer and are not acknowledged. */
    async pending(stream = "s"): Promise<number> {
      return Number(((await client.xpending(stream, "g")) as unknown[])[0]);
    },
    /** Waits until so many consumers wait for entries. */
    async untilSomebodyWaits(consumers = 1): Promise<void> {
      const blocked = new RegExp(`^blocked_clients:${consumers}\r?$`, "m");
      await vi.waitFor(async () => expect(await client.info("clients")).toMatch(blocked), { timeout: 10_000 });
    },
    async stop(): Promise<void> {
      await Promise.all(consumers.map((consumer) => consumer.stop({ timeoutMs: 0 })));
      client.disconnect();
      await redis.stop();
    },
  };
}

/** What holds at every look. */
export function expectAllCounted(consumer: GroupConsumer): void {
  const { received, handled, retried, deadLettered, lost, released, queued, running, acknowledging } = consumer.stats();
  expect(received).toBe(handled + retried + deadLettered + lost + released + queued + running + acknowledging);
}

export function numbers(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
