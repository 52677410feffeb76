import { setTimeout as wait } from "node:timers/promises";
import { createBus } from "@loops/core";
import { Redis as Client } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { requireProgram } from "../../../../scripts/services/require-program.js";
import {
  type ConsumeGroupOptions,
  consumeGroup,
  type DeadLetter,
  type GroupStats,
  type Handle,
  redisStreamTransport,
} from "../../src/index.js";
import { expectAllCounted, groupOnRedis, numbers } from "./group-on-redis.js";

const command = await requireProgram("redis-server", "consumer groups");
const soon = { timeout: 8000, interval: 5 };

describe.skipIf(command === undefined)("a consumer group", () => {
  let group: Awaited<ReturnType<typeof groupOnRedis>>;
  beforeAll(async () => {
    group = await groupOnRedis(command ?? "");
  });
  afterEach(() => group.client.flushall());
  afterAll(() => group.stop());

  it("hands each event to the handler in the order of the stream, and acknowledges it when that is done", async () => {
    await group.add(200);
    const seen: unknown[] = [];
    const consumer = group.consume({ handle: ({ n }) => void seen.push(n) });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(200), soon);
    expect(seen).toEqual(numbers(200));
    expect(await group.pending()).toBe(0);
    expectAllCounted(consumer);
    await consumer.stop();
  });

  it("tells the handler the id, the stream and that it is the first delivery", async () => {
    const id = await group.client.xadd("s", "*", "data", JSON.stringify({ event: "e" }));
    const handle = vi.fn<Handle>();
    const consumer = group.consume({ handle });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(1), soon);
    expect(handle).toHaveBeenCalledTimes(1);
    const [event, { signal, deliveries, streamId, stream }] = handle.mock.calls[0] as Parameters<Handle>;
    expect(event).toMatchObject({ event: "e", stream_id: id });
    expect({ deliveries, streamId, stream }).toEqual({ deliveries: 1, streamId: id, stream: "s" });
    expect(signal).toBeInstanceOf(AbortSignal);
    await consumer.stop();
  });

  it("an event whose handler throws comes again after a pause, and counts its deliveries", async () => {
    await group.add(3);
    const seen: [unknown, number][] = [];
    const onError = vi.fn();
    const consumer = group.consume({
      onError,
      handle: ({ n }, { deliveries }) => {
        seen.push([n, deliveries]);
        if (n === 1 && deliveries < 3) throw new Error("not yet");
      },
    });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(3), soon);
    expect(seen).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(onError.mock.calls[0]?.[0]).toMatchObject({
      code: "LOOPS_HANDLER",
      message: expect.stringContaining("not yet"),
    });
    expectAllCounted(consumer);
    await consumer.stop();
  });

  it("after as many deliveries as allowed an event is a dead letter with all that is known of it", async () => {
    await group.add(1);
    const original = (await group.client.xrange("s", "-", "+"))[0]?.[0];
    let calls = 0;
    const consumer = group.consume({
      consumer: "me",
      maxDeliveries: 3,
      handle: () => {
        calls++;
        throw new Error("never");
      },
    });
    await vi.waitFor(() => expect(consumer.stats().deadLettered).toBe(1), soon);
    expect(calls).toBe(3);
    expect(await group.pending()).toBe(0);
    const fields = (await group.client.xrange("s:dead", "-", "+"))[0]?.[1] ?? [];
    const named = Object.fromEntries(numbers(fields.length / 2).map((i) => [fields[2 * i], fields[2 * i + 1]]));
    expect(named).toEqual({
      data: JSON.stringify({ event: "e", n: 0 }),
      dead_reason: "handler_failed",
      dead_detail: "never",
      dead_stream: "s",
      dead_id: original,
      dead_group: "g",
      dead_consumer: "me",
      dead_deliveries: "3",
      dead_at: expect.stringMatching(/Z$/),
    });
    await consumer.stop();
  });

  it("dead letters can be handled again: their stream is read like every other", async () => {
    await group.add(3);
    let mended = false;
    const seen: unknown[] = [];
    const handle: Handle = ({ n }) => {
      if (!mended) throw new Error("not yet");
      seen.push(n);
    };
    const first = group.consume({ maxDeliveries: 1, handle });
    await vi.waitFor(() => expect(first.stats().deadLettered).toBe(3), soon);
    mended = true;
    const replay = group.consume({ stream: "s:dead", group: "replay", handle });
    await vi.waitFor(() => expect(replay.stats().handled).toBe(3), soon);
    expect(seen).toEqual([0, 1, 2]);
    await Promise.all([first.stop(), replay.stop()]);
  });

  it("R-22, R-23, R-24: an entry that holds no event is a dead letter at once, as it was, and ends nothing", async () => {
    await group.client.xadd("s", "*", "other", "x");
    await group.client.xadd("s", "*", "data", "");
    await group.client.xadd("s", "*", "data", "{");
    await group.client.xadd("s", "*", "data", "[1]");
    await group.client.xadd("s", "*", "data", Buffer.from([0xff, 0xfe]));
    await group.add(1);
    const handle = vi.fn();
    const consumer = group.consume({ handle });
    await vi.waitFor(() => expect(consumer.stats().handled + consumer.stats().deadLettered).toBe(6), soon);
    expect(handle).toHaveBeenCalledTimes(1);
    const dead = await group.client.xrangeBuffer("s:dead", "-", "+");
    const texts = dead.map(([, fields]) => fields.map(String));
    const details = texts.map((fields) => fields[fields.indexOf("dead_detail") + 1]);
    expect(details).toEqual([
      "no_data_field",
      "no_data_field",
      expect.stringMatching(/^json_decode: /),
      "not_an_object",
      "utf8_decode",
    ]);
    expect(texts.every((fields) => fields.includes("malformed"))).toBe(true);
    expect(dead[0]?.[1].slice(0, 2).map(String)).toEqual(["other", "x"]);
    expect(dead[4]?.[1][1]).toEqual(Buffer.from([0xff, 0xfe]));
    expect(await group.pending()).toBe(0);
    expectAllCounted(consumer);
    await consumer.stop();
  });

  it("onDeadLetter takes dead letters in place of the stream, and gets one again when it throws", async () => {
    await group.add(1);
    const letters: DeadLetter[] = [];
    const consumer = group.consume({
      maxDeliveries: 1,
      handle: () => {
        throw new Error("never");
      },
      onDeadLetter: (letter) => {
        letters.push(letter);
        if (letters.length === 1) throw new Error("no room");
      },
    });
    await vi.waitFor(() => expect(consumer.stats().deadLettered).toBe(1), soon);
    expect(letters.map(({ reason }) => reason)).toEqual(["handler_failed", "max_deliveries"]);
    expect(letters[0]).toMatchObject({ record: { event: "e", n: 0 }, detail: "never", deliveries: 1, stream: "s" });
    expect(await group.client.exists("s:dead")).toBe(0);
    expectAllCounted(consumer);
    await consumer.stop();
  });

  it("an entry whose consumers died as often as it may be delivered is put aside, and not handled again", async () => {
    await group.add(1);
    await group.client.xgroup("CREATE", "s", "g", "0");
    await group.client.xreadgroup("GROUP", "g", "gone", "COUNT", 1, "STREAMS", "s", ">");
    const id = (await group.client.xrange("s", "-", "+"))[0]?.[0] ?? "";
    await group.client.call("XCLAIM", "s", "g", "gone", 0, id, "IDLE", 60_000, "RETRYCOUNT", 3, "JUSTID");
    const handle = vi.fn();
    const letters: DeadLetter[] = [];
    const consumer = group.consume({ handle, maxDeliveries: 3, onDeadLetter: (letter) => void letters.push(letter) });
    await vi.waitFor(() => expect(consumer.stats().deadLettered).toBe(1), soon);
    expect(handle).not.toHaveBeenCalled();
    expect(letters).toMatchObject([{ reason: "max_deliveries", deliveries: 3, streamId: id }]);
    await consumer.stop();
  });

  it("handles as many at a time as concurrency says, and reads no more ahead than count", async () => {
    await group.add(100);
    let [now, most, ahead] = [0, 0, 0];
    const consumer = group.consume({
      concurrency: 4,
      count: 6,
      handle: async () => {
        most = Math.max(most, ++now);
        await group.client.ping();
        ahead = Math.max(ahead, consumer.stats().queued);
        now--;
      },
    });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(100), soon);
    expect(most).toBe(4);
    expect(ahead).toBeLessThanOrEqual(6);
    await consumer.stop();
  });

  it("with one delivery allowed nothing is read ahead: what waits for its turn is not counted as delivered", async () => {
    await group.add(5);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const consumer = group.consume({ maxDeliveries: 1, concurrency: 2, handle: () => held });
    await vi.waitFor(() => expect(consumer.stats().running).toBe(2), soon);
    expect(await group.pending()).toBe(2);
    letGo();
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(5), soon);
    await consumer.stop();
  });

  it('a new group begins with what comes when it says "$", or after an id, or with all there is', async () => {
    await group.add(2);
    const second = (await group.client.xrange("s", "-", "+"))[0]?.[0] ?? "";
    const seen: Record<string, unknown[]> = { all: [], after: [], next: [] };
    const begin = (name: string, from?: string) =>
      group.consume({ group: name, ...(from && { from }), handle: ({ n }) => void seen[name]?.push(n) });
    const consumers = [begin("all"), begin("after", second), begin("next", "$")];
    await vi.waitFor(async () => expect(await group.client.xinfo("GROUPS", "s")).toHaveLength(3), soon);
    await group.add(1, { first: 2 });
    await vi.waitFor(() => expect(seen).toEqual({ all: [0, 1, 2], after: [1, 2], next: [2] }), soon);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  });

  it("a consumer that comes back under its name takes up first what it had, at once", async () => {
    await group.add(4);
    await group.client.xgroup("CREATE", "s", "g", "0");
    await group.client.xreadgroup("GROUP", "g", "me", "COUNT", 3, "STREAMS", "s", ">");
    const seen: unknown[] = [];
    const consumer = group.consume({
      consumer: "me",
      claimIdleMs: 60_000,
      handle: ({ n }, { deliveries }) => void seen.push([n, deliveries]),
    });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(4), soon);
    expect(seen).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
      [3, 1],
    ]);
    expect(consumer.stats().claimed).toBe(3);
    await consumer.stop();
  });

  it("entries trimmed before the group was given them are a gap with their number, told to one consumer", async () => {
    await group.add(1);
    const onGap = vi.fn();
    const seen: unknown[] = [];
    let go = () => {};
    const first = new Promise<void>((resolve) => {
      go = resolve;
    });
    const handle: Handle = async ({ n }) => {
      seen.push(n);
      await first;
    };
    // Neither of them reads while it waits for its first event.
    const slow = group.consume({ handle, onGap, maxDeliveries: 1 });
    await vi.waitFor(() => expect(seen).toEqual([0]), soon);
    await group.add(10, { first: 1 });
    await group.client.xtrim("s", "MAXLEN", 4);
    go();
    await vi.waitFor(() => expect(slow.stats().handled).toBe(5), soon);
    expect(seen).toEqual([0, 7, 8, 9, 10]);
    expect(onGap.mock.calls).toEqual([[{ stream: "s", reason: "trimmed", missed: 6 }]]);
    expect(slow.stats().missed).toBe(6);
    expect(await slow.lag()).toMatchObject({ lag: 0, pending: 0 });
    await slow.stop();
  });

  it("entries that came and went while it waited for the first of them are a gap", async () => {
    await group.add(1);
    const onGap = vi.fn();
    const consumer = group.consume({ handle: () => {}, onGap, blockMs: 5000 });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(1), soon);
    await group.untilSomebodyWaits();
    const atOnce = group.client.multi();
    for (let n = 1; n <= 10; n++) atOnce.xadd("s", "MAXLEN", 4, "*", "data", JSON.stringify({ event: "e", n }));
    await atOnce.exec();
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(5), soon);
    expect(onGap.mock.calls).toEqual([[{ stream: "s", reason: "trimmed", missed: null }]]);
    await group.add(3, { first: 11 });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(8), soon);
    expect(onGap).toHaveBeenCalledTimes(1);
    expect(await consumer.lag()).toMatchObject({ lag: 0, pending: 0 });
    await consumer.stop();
  });

  it("entries that came and went before anybody read are a gap; those from before the group are none", async () => {
    await group.add(10);
    await group.client.xtrim("s", "MAXLEN", 5);
    const begin = (name: string, from: string, stream = "s") => {
      const onGap = vi.fn();
      return { onGap, ...group.consume({ group: name, from, stream, handle: () => {}, onGap }) };
    };
    const all = begin("all", "0");
    await vi.waitFor(() => expect(all.stats().handled).toBe(5), soon);
    expect(all.onGap).not.toHaveBeenCalled();
    const none = [begin("end", "$"), begin("empty", "0", "not-yet")];
    await group.untilSomebodyWaits(3);
    await Promise.all(none.map((one) => one.stop()));
    for (const stream of ["s", "not-yet"]) {
      await group.add(10, { stream });
      await group.client.xtrim(stream, "MAXLEN", 4);
    }
    const again = [begin("end", "$"), begin("empty", "0", "not-yet")];
    for (const one of again) {
      await vi.waitFor(() => expect(one.stats().handled).toBe(4), soon);
      expect(one.onGap.mock.calls).toEqual([[expect.objectContaining({ reason: "trimmed", missed: null })]]);
    }
    await Promise.all([all, ...again].map((one) => one.stop()));
  });

  it("what the transport writes is handled or counted as missed, however little is kept", async () => {
    const [behind, ahead] = [7, 1000].map((count) => group.consume({ group: `${count}`, count, handle: () => {} }));
    await group.untilSomebodyWaits(2);
    const bus = createBus();
    bus.addTransport(redisStreamTransport({ url: group.redis.url, stream: "s", maxLen: 20 }));
    for (let n = 0; n < 1000; n++) bus.emit({ event: "e", n });
    await bus.close();
    const done = (stats?: GroupStats) => (stats?.handled ?? 0) + (stats?.missed ?? 0);
    await vi.waitFor(() => expect([behind, ahead].map((one) => done(one?.stats()))).toEqual([1000, 1000]), soon);
    await Promise.all([behind?.stop(), ahead?.stop()]);
  });

  it("entries trimmed while a dead consumer had them are a gap with their number", async () => {
    await group.add(5);
    await group.client.xgroup("CREATE", "s", "g", "0");
    await group.client.xreadgroup("GROUP", "g", "gone", "COUNT", 5, "STREAMS", "s", ">");
    await group.client.xtrim("s", "MAXLEN", 2);
    const onError = vi.fn();
    const seen: unknown[] = [];
    const consumer = group.consume({ claimIdleMs: 500, onError, handle: ({ n }) => void seen.push(n) });
    await vi.waitFor(() => expect(consumer.stats()).toMatchObject({ handled: 2, missed: 3 }), soon);
    expect(seen).toEqual([3, 4]);
    // Without onGap it is an error, not a secret.
    const gaps = onError.mock.calls.filter(([{ code }]) => code === "LOOPS_GROUP_GAP").length;
    expect(gaps).toBeGreaterThan(0);
    expect(await group.pending()).toBe(0);
    await consumer.stop();
  });

  it("an event that is trimmed in the hands of its handler is finished there", async () => {
    await group.add(1);
    let aborted = false;
    const consumer = group.consume({
      heartbeatMs: 20,
      handle: async (_, { signal }) => {
        await group.client.xtrim("s", "MAXLEN", 0);
        await wait(200);
        aborted = signal.aborted;
      },
    });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(1), soon);
    expect(aborted).toBe(false);
    await consumer.stop();
  });

  it("lag says what is not delivered yet and what is pending, for each partition", async () => {
    await group.add(5, { stream: "s:{0}" });
    await group.add(3, { stream: "s:{1}" });
    const consumer = group.consume({
      partitions: 2,
      count: 1,
      handle: (_, { signal }) => wait(60_000, undefined, { signal }),
    });
    expect(consumer.streams).toEqual(["s:{0}", "s:{1}"]);
    await vi.waitFor(async () => expect((await consumer.lag()).pending).toBeGreaterThan(0), soon);
    const { lag, pending, streams } = await consumer.lag();
    expect((lag ?? 0) + pending).toBe(8);
    expect(streams.map(({ stream }) => stream)).toEqual(["s:{0}", "s:{1}"]);
    await consumer.stop();
    await expect(consumer.lag()).rejects.toThrow(expect.objectContaining({ code: "LOOPS_CLOSED" }));
  });

  it("lag is null, not a guess, when Redis cannot tell", async () => {
    const consumer = group.consume({ handle: () => {}, from: "$", count: 1 });
    await vi.waitFor(async () => expect(await consumer.lag()).toMatchObject({ lag: 0 }), soon);
    await consumer.stop();
    await group.add(10);
    const ids = (await group.client.xrange("s", "-", "+")).map(([id]) => id);
    await group.client.xdel("s", ids[5] ?? "");
    const next = group.consume({ handle: (_, { signal }) => wait(60_000, undefined, { signal }), count: 1 });
    await vi.waitFor(async () => expect((await next.lag()).pending).toBe(2), soon);
    expect((await next.lag()).lag).toBeNull();
    await next.stop();
  });

  it("two partitions and two consumers: all of them read all partitions, and share the events", async () => {
    await group.add(100, { stream: "s:{0}" });
    await group.add(100, { stream: "s:{1}", first: 100 });
    const seen: unknown[] = [];
    const handle: Handle = async ({ n }) => {
      await wait(1);
      seen.push(n);
    };
    const consumers = [
      group.consume({ partitions: 2, handle, count: 5 }),
      group.consume({ partitions: 2, handle, count: 5 }),
    ];
    await vi.waitFor(() => expect(seen.length).toBe(200), soon);
    expect(new Set(seen)).toEqual(new Set(numbers(200)));
    for (const consumer of consumers) expect(consumer.stats().received).toBeGreaterThan(20);
    // Each partition in its own order, as far as one consumer has handled it.
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  });

  it("consumers with nothing pending are removed after removeIdleMs; one that has something is kept", async () => {
    await group.add(1);
    await group.client.xgroup("CREATE", "s", "g", "0");
    await group.client.xgroup("CREATECONSUMER", "s", "g", "idle");
    await group.client.xreadgroup("GROUP", "g", "busy", "COUNT", 1, "STREAMS", "s", ">");
    await wait(30);
    const consumer = group.consume({ consumer: "me", removeIdleMs: 20, claimIdleMs: 60_000, handle: () => {} });
    await vi.waitFor(async () => expect(await names()).not.toContain("idle"), soon);
    expect(await names()).toContain("busy");
    // Even one that lives and waits would only lose its name, and gets it back with its next entry.
    await group.add(1, { first: 1 });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(1), soon);
    await consumer.stop();
    // Who stops in order leaves no name behind.
    expect(await names()).toEqual(["busy"]);

    async function names() {
      const rows = (await group.client.xinfo("CONSUMERS", "s", "g")) as string[][];
      return rows.map((row) => row[1]).sort();
    }
  });

  it("stop tells the handler, waits for it until the deadline, and gives back the rest for others at once", async () => {
    await group.add(10);
    const reasons: unknown[] = [];
    const consumer = group.consume({
      concurrency: 2,
      claimIdleMs: 60_000,
      handle: async ({ n }, { signal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        reasons.push(signal.reason.code);
        // One finishes all the same, the other gives up.
        if (n === 1) throw signal.reason;
      },
    });
    await vi.waitFor(() => expect(consumer.stats().running).toBe(2), soon);
    const report = await consumer.stop();
    expect(reasons).toEqual(["LOOPS_CONSUMER_STOPPED", "LOOPS_CONSUMER_STOPPED"]);
    expect(report).toMatchObject({ received: 10, handled: 1, released: 9, running: 0, queued: 0 });
    const seen: [unknown, number][] = [];
    const next = group.consume({
      claimIdleMs: 60_000,
      handle: ({ n }, { deliveries }) => void seen.push([n, deliveries]),
    });
    await vi.waitFor(() => expect(next.stats().handled).toBe(9), soon);
    expect(seen.map(([n]) => n).sort()).toEqual(numbers(9, 1));
    expect(seen.every(([, deliveries]) => deliveries === 1)).toBe(true);
    await next.stop();
  });

  it("a handler that does not heed the signal is not waited for beyond the deadline; its entry stays pending", async () => {
    await group.add(1);
    const consumer = group.consume({ handle: () => wait(3000) });
    await vi.waitFor(() => expect(consumer.stats().running).toBe(1), soon);
    const report = await consumer.stop({ timeoutMs: 50 });
    expect(report).toMatchObject({ running: 1, handled: 0 });
    expect(await group.pending()).toBe(1);
    expectAllCounted(consumer);
  });

  it("stops by its signal, and connects to nothing when that has aborted before", async () => {
    const controller = new AbortController();
    const consumer = group.consume({ handle: () => {}, signal: controller.signal });
    await vi.waitFor(async () => expect(await group.client.exists("s")).toBe(1), soon);
    controller.abort();
    expect(await consumer.stopped).toMatchObject({ running: 0 });
    const onError = vi.fn();
    const never = group.consume({ handle: () => {}, signal: controller.signal, url: "redis://127.0.0.1:1", onError });
    await never.stopped;
    expect(onError).not.toHaveBeenCalled();
  });

  it("a handler that takes longer than handleTimeoutMs has failed: its signal aborts, and the event comes again", async () => {
    await group.add(1);
    const aborted: unknown[] = [];
    const consumer = group.consume({
      handleTimeoutMs: 50,
      handle: async (_, { signal, deliveries }) => {
        if (deliveries > 1) return;
        signal.addEventListener("abort", () => aborted.push(signal.reason.code));
        await new Promise(() => {});
      },
    });
    await vi.waitFor(() => expect(consumer.stats().handled).toBe(1), soon);
    expect(aborted).toEqual(["LOOPS_HANDLER"]);
    await consumer.stop();
  });

  it("takes a client of the caller's with its key prefix, and closes it never", async () => {
    const client = new Client(group.redis.url, { keyPrefix: "app:" });
    await client.xadd("s", "*", "data", JSON.stringify({ event: "e" }));
    const consumer = group.consume({ client, maxDeliveries: 1, handle: () => Promise.reject(new Error("no")) });
    await vi.waitFor(() => expect(consumer.stats().deadLettered).toBe(1), soon);
    expect(consumer.streams).toEqual(["app:s"]);
    await consumer.stop();
    expect(await client.xlen("s:dead")).toBe(1);
    client.disconnect();
  });

  it("is an async disposable, and stop can be called again", async () => {
    const consumer = group.consume({ handle: () => {} });
    await consumer[Symbol.asyncDispose]();
    expect(await consumer.stop()).toBe(await consumer.stop());
  });
});

it.each([
  [{ group: "" }, "group must be a text"],
  [{ handle: undefined }, "handle must be a function"],
  [{ concurrency: 0 }, "concurrency must be a whole number from 1"],
  [{ maxDeliveries: 0 }, "maxDeliveries must be a whole number from 1"],
  [{ claimIdleMs: 1000, heartbeatMs: 600 }, "heartbeatMs must be from 1 to half of claimIdleMs (1000)"],
  [{ claimIdleMs: Number.POSITIVE_INFINITY }, "claimIdleMs must be finite"],
  [{ from: "now" }, 'from must be "0", "$" or an id'],
  [{ partitions: 1.5 }, "partitions must be a whole number"],
  [{ deadLetterStream: null }, "deadLetterStream must be the key of a stream"],
  [{ stream: "s", deadLetterStream: "s" }, "must not be a stream that is read"],
  [{ claimIdelMs: 1 }, "did you mean claimIdleMs?"],
  [{ retry: { baseMS: 1 } }, "did you mean baseMs?"],
  [{ partitions: 2, stream: "s", deadLetterStream: "s:{1}" }, "must not be a stream that is read"],
  [{ signal: {} }, "signal must be an AbortSignal"],
])("refuses %j before it connects", (wrong, message) => {
  const options = { group: "g", handle: () => {}, ...wrong } as unknown as ConsumeGroupOptions;
  expect(() => consumeGroup(options)).toThrow(
    expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringContaining(message) }),
  );
});
