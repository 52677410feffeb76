import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { requireProgram } from "../../../../scripts/services/require-program.js";
import type { Handle } from "../../src/index.js";
import { expectAllCounted, groupOnRedis, numbers } from "./group-on-redis.js";

const long = process.env["LOOPS_LONG"] === "1";
const command = await requireProgram("redis-server", "consumer groups of a Redis that fails");
const soon = { timeout: 15_000, interval: 10 };

describe.skipIf(command === undefined)("a group whose Redis fails", () => {
  let group: Awaited<ReturnType<typeof groupOnRedis>>;
  beforeEach(async () => {
    group = await groupOnRedis(command ?? "", { appendfsync: "always" });
  });
  afterEach(() => group.stop());

  it("killed and started again during the work: each event is handled, none twice", async () => {
    const [events, kills] = long ? [30_000, 20] : [1500, 3];
    await group.add(events);
    const seen: unknown[] = [];
    const handle: Handle = async ({ n }) => {
      await wait(2);
      seen.push(n);
    };
    const options = { handle, concurrency: 2, commandTimeoutMs: 1000, claimIdleMs: 3000, blockMs: 500 };
    const consumers = numbers(3).map(() => group.consume(options));
    for (let kill = 0; kill < kills; kill++) {
      const before = seen.length;
      await vi.waitFor(() => expect(seen.length).toBeGreaterThan(before + 100), soon);
      await group.redis.service.kill();
      await wait(50);
      await group.redis.service.start();
    }
    await vi.waitFor(() => expect(new Set(seen).size).toBe(events), { ...soon, timeout: long ? 300_000 : 20_000 });
    await vi.waitFor(async () => expect(await group.pending()).toBe(0), soon);
    expect([...seen].sort((a, b) => Number(a) - Number(b))).toEqual(numbers(events));
    consumers.forEach(expectAllCounted);
  });

  it("entries trimmed after a restart, of which Redis has forgotten how many were read, are a gap", async () => {
    const { client, redis } = group;
    await group.add(10);
    await client.xgroup("CREATE", "s", "g", "0");
    const [[, read]] = (await client.xreadgroup("GROUP", "g", "c", "COUNT", 5, "STREAMS", "s", ">")) as unknown as [
      [string, [string][]],
    ];
    await client.xack("s", "g", ...read.map(([id]) => id));
    await redis.service.kill();
    await redis.service.start();
    await vi.waitFor(() => client.ping(), soon);
    await client.xtrim("s", "MAXLEN", 2);
    const onGap = vi.fn();
    const consumer = group.consume({ handle: () => {}, onGap });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(2), soon);
    expect(onGap.mock.calls).toEqual([[{ stream: "s", reason: "trimmed", missed: null }]]);
  });

  it("hanging for longer than a command may take: reported, and it goes on when Redis does", async () => {
    const onError = vi.fn();
    const consumer = group.consume({ handle: () => {}, onError, commandTimeoutMs: 300, blockMs: 100 });
    await group.add(10);
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(10), soon);
    group.redis.service.pause();
    await vi.waitFor(() => expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: "LOOPS_REDIS_CONNECTION" }), soon);
    group.redis.service.resume();
    await group.add(10, { first: 10 });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(20), soon);
    expectAllCounted(consumer);
  });

  it("hanging while it is to stop: stop keeps its deadline", async () => {
    await group.add(5);
    const consumer = group.consume({ handle: () => wait(20) });
    await vi.waitFor(() => expect(consumer.stats().handled).toBeGreaterThan(0), soon);
    group.redis.service.pause();
    const before = performance.now();
    await consumer.stop({ timeoutMs: 200 });
    expect(performance.now() - before).toBeLessThan(2500);
    group.redis.service.resume();
  });

  it("a replica that it must not write to is left for the server that becomes the primary", async () => {
    const onError = vi.fn();
    const consumer = group.consume({ handle: () => {}, onError, blockMs: 100 });
    await group.add(1);
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(1), soon);
    await group.client.replicaof("127.0.0.1", 1);
    await vi.waitFor(
      () =>
        expect(onError.mock.calls.map(([error]) => String(error))).toContainEqual(expect.stringMatching(/READONLY/)),
      soon,
    );
    await group.client.replicaof("NO", "ONE");
    await group.add(1, { first: 1 });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(2), soon);
  });

  it("everything flushed: the group is made anew, told as a gap, and what is added then is handled", async () => {
    await group.add(3);
    const onGap = vi.fn();
    const seen: unknown[] = [];
    const consumers = numbers(2).map(() => group.consume({ handle: ({ n }) => void seen.push(n), onGap }));
    await vi.waitFor(() => expect(seen.length).toBe(3), soon);
    await group.client.flushall();
    await vi.waitFor(() => expect(onGap).toHaveBeenCalled(), soon);
    await group.add(3, { first: 3 });
    await vi.waitFor(() => expect(seen).toEqual(expect.arrayContaining(numbers(6))), soon);
    expect(onGap.mock.calls).toEqual([[{ stream: "s", reason: "group-lost", missed: null }]]);
    consumers.forEach(expectAllCounted);
  });

  it("the group deleted and not the stream: nothing is skipped, what was handled may come again", async () => {
    await group.add(3);
    const onGap = vi.fn();
    const seen = new Set<unknown>();
    group.consume({ handle: ({ n }) => void seen.add(n), onGap });
    await vi.waitFor(() => expect(seen.size).toBe(3), soon);
    await group.client.xgroup("DESTROY", "s", "g");
    await group.add(3, { first: 3 });
    await vi.waitFor(() => expect([...seen].sort()).toEqual(numbers(6)), soon);
    expect(onGap).toHaveBeenCalledWith({ stream: "s", reason: "group-lost", missed: null });
  });

  it("a server that is not there at first, and a stream that is none: reported, and gone on with when that is mended", async () => {
    await group.redis.service.kill();
    const onError = vi.fn();
    const consumer = group.consume({ handle: () => {}, onError });
    const codes = () => onError.mock.calls.map(([{ code }]) => code);
    await vi.waitFor(() => expect(codes()).toContain("LOOPS_REDIS_CONNECTION"), soon);
    await group.redis.service.start();
    await vi.waitFor(() => group.client.ping(), soon);
    await vi.waitFor(async () => expect(await group.client.xinfo("GROUPS", "s")).toHaveLength(1), soon);
    await group.client.set("s", "no stream");
    await vi.waitFor(() => expect(codes()).toContain("LOOPS_GROUP"), soon);
    await group.client.del("s");
    await vi.waitFor(async () => {
      await group.add(1);
      expect(consumer.stats().handled).toBeGreaterThan(0);
    }, soon);
  });
});
