import { spawn } from "node:child_process";
import { getEventListeners, once } from "node:events";
import { createBus } from "@loops/core";
import { Redis as Client } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";
import {
  consumeGroup,
  type ReadStreamOptions,
  readStream,
  redisStreamTransport,
  type StreamReader,
  type StreamRecord,
} from "../src/index.js";
import { type StreamServer, startStreamServer } from "./stream-server.js";

const command = await requireProgram("redis-server", "reading a Redis Stream");

describe.skipIf(command === undefined)("readStream", () => {
  let server: StreamServer;
  beforeAll(async () => {
    server = await startStreamServer(command, { appendfsync: "always" });
  });
  afterAll(() => server.stop());

  const read = (stream: string, options: ReadStreamOptions = {}) => {
    const errors: string[] = [];
    const onError = (error: unknown) => void errors.push((error as Error).message);
    const fast = { connectTimeoutMs: 200, commandTimeoutMs: 200, retry: { baseMs: 5, maxMs: 20 } };
    const reader = readStream({ url: server.url, stream, onError, ...fast, ...options });
    onTestFinished(() => void reader.return());
    return { reader, errors };
  };

  const add = async (stream: string, ...ns: number[]) => {
    const ids: string[] = [];
    for (const n of ns)
      ids.push((await server.client.xadd(stream, "*", "data", JSON.stringify({ event: "e", n }))) ?? "");
    return ids;
  };

  const take = async (reader: StreamReader, count: number) => {
    const records: StreamRecord[] = [];
    while (records.length < count) {
      const { value } = await reader.next();
      if (value === undefined) break;
      records.push(value);
    }
    return records;
  };
  const brief = (record: StreamRecord) => {
    if (record.event !== undefined) return record["n"];
    return "gap" in record ? { missed: record.gap?.missed } : record.error;
  };
  const takeBrief = async (reader: StreamReader, count: number) => (await take(reader, count)).map(brief);

  it("R-18, R-19: reads from the start with 0, in the order of the stream, more than one read brings, and goes on", async () => {
    const stream = server.newStream();
    const numbers = Array.from({ length: 25 }, (_, n) => n);
    await add(stream, ...numbers);
    const { reader } = read(stream, { lastId: "0", count: 10 });
    expect(await takeBrief(reader, 25)).toEqual(numbers);
    const next = reader.next();
    await add(stream, 25);
    expect(brief((await next).value as StreamRecord)).toBe(25);
  });

  it("R-19: lastId is the entry that is being handed over, so that who dies over it does not read it again", async () => {
    const stream = server.newStream();
    const ids = await add(stream, 1, 2, 3);
    const { reader } = read(stream, { lastId: "0" });
    expect(reader.lastId).toBe("0");
    for (const id of ids.slice(0, 2)) {
      const [record] = await take(reader, 1);
      expect([record?.stream_id, reader.lastId]).toEqual([id, id]);
    }
    expect(await takeBrief(read(stream, { lastId: reader.lastId }).reader, 1)).toEqual([3]);
  });

  it("R-19: the end of the stream is looked up once: what comes between two reads is not lost", async () => {
    const stream = server.newStream();
    await add(stream, 1);
    const { reader } = read(stream, { blockMs: 30 });
    const next = reader.next();
    await vi.waitFor(() => expect(reader.lastId).not.toBe("$"), 5000);
    const end = reader.lastId;
    // While it is away, for longer than a read takes.
    await server.service.kill();
    await server.service.start();
    await add(stream, 2);
    expect(brief((await next).value as StreamRecord)).toBe(2);
    expect(await takeBrief(read(stream, { lastId: end }).reader, 1)).toEqual([2]);
  });

  it("a stream that does not exist yet is waited for, from its first entry", async () => {
    const stream = server.newStream();
    const { reader } = read(stream, { blockMs: 20 });
    const next = takeBrief(reader, 2);
    await vi.waitFor(() => expect(reader.lastId).toBe("0-0"), 5000);
    await add(stream, 1, 2);
    expect(await next).toEqual([1, 2]);
  });

  it("R-20: survives a server that is killed and comes back, without loss and without a double", async () => {
    const stream = server.newStream();
    const { reader, errors } = read(stream, { lastId: "0", count: 7, blockMs: 50 });
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const record of reader) if (seen.push(brief(record)) === 90) return;
    })();
    for (let round = 0; round < 3; round++) {
      await add(stream, ...Array.from({ length: 30 }, (_, n) => round * 30 + n));
      if (round < 2) {
        await server.service.kill();
        await server.service.start();
      }
    }
    await reading;
    expect(seen).toEqual(Array.from({ length: 90 }, (_, n) => n));
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0), 5000);
  });

  it("R-20: a server that hangs is noticed, and reading goes on when it does", async () => {
    const stream = server.newStream();
    await add(stream, 1);
    const { reader, errors } = read(stream, { lastId: "0", blockMs: 20 });
    expect(await takeBrief(reader, 1)).toEqual([1]);
    const next = takeBrief(reader, 1);
    server.service.pause();
    try {
      await vi.waitFor(() => expect(errors.join()).toMatch(/no answer within 220 ms; the connection is cut/), 5000);
    } finally {
      server.service.resume();
    }
    await add(stream, 2);
    expect(await next).toEqual([2]);
  });

  it("R-20: an error of the server is told with the name of the stream, and tried again", async () => {
    const stream = server.newStream();
    await server.client.set(stream, "no stream");
    const { reader, errors } = read(stream, { lastId: "0" });
    const next = takeBrief(reader, 1);
    await vi.waitFor(() => expect(errors[0]).toMatch(`[redis-stream] reading ${stream}: WRONGTYPE`), 5000);
    await server.client.del(stream);
    await add(stream, 1);
    expect(await next).toEqual([1]);
  });

  it("R-20: what cannot be meant raises at once", () => {
    expect(() => read("s", { lastId: "yesterday" })).toThrow(
      '[redis-stream] lastId must be "$", "0" or an id such as "1700000000000-0", not "yesterday"',
    );
    expect(() => read("s", { count: 0 })).toThrow("count must be a whole number from 1, not 0");
    expect(() => read("s", { blokcMs: 5 } as never)).toThrow("did you mean blockMs?");
    expect(() => read("s", { blockMs: Number.POSITIVE_INFINITY })).toThrow("blockMs must be finite");
    expect(() => read("s", { signal: {} } as never)).toThrow("signal must be an AbortSignal, not an object");
    expect(() => read("s", { client: {} } as never)).toThrow("client must be a client or Cluster of ioredis");
    expect(() => read("s", { url: 5 } as never)).toThrow("url must begin with redis://");
    const idsOf = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, "1-1"]));
    expect(() => read("s", { partitions: 2, lastId: idsOf("s:{0}", "s:{2}") })).toThrow(
      'lastId must have an id for each of s:{0}, s:{1}, not "s:{2}"',
    );
    expect(() => read("s", { partitions: 2, lastId: idsOf("s:{0}") })).toThrow("lastId must be");
    expect(() => read("s", { url: "http://x" })).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
  });

  it("R-22, R-23, R-24: entries that hold no event are told as errors, and end nothing", async () => {
    const stream = server.newStream();
    const put = (...fields: (string | Buffer)[]) => server.client.xadd(stream, "*", ...fields);
    await put("other", "x");
    await put("data", "");
    await put("data", "{");
    await put("data", "[1]");
    await put("data", Buffer.from([0x22, 0xff, 0x22]));
    await add(stream, 1);
    const { reader } = read(stream, { lastId: "0" });
    const seen = await takeBrief(reader, 6);
    expect(seen.map((one) => String(one).replace(/: .*/, ""))).toEqual([
      "no_data_field",
      "no_data_field",
      "json_decode",
      "not_an_object",
      "utf8_decode",
      "1",
    ]);
  });

  it("what was trimmed before it was read is told, with its number", async () => {
    const stream = server.newStream();
    const { reader } = read(stream, { blockMs: 20 });
    const first = takeBrief(reader, 1);
    await vi.waitFor(() => expect(reader.lastId).toBe("0-0"), 5000);
    await add(stream, 1);
    expect(await first).toEqual([1]);
    // The reader holds what it has read meanwhile; what it has not is trimmed.
    await server.client
      .multi([...Array.from({ length: 9 }, (_, n) => xadd(stream, n + 2)), ["xtrim", stream, "MAXLEN", 4]])
      .exec();
    expect(await takeBrief(reader, 5)).toEqual([{ missed: 5 }, 7, 8, 9, 10]);
    await add(stream, 11);
    expect(await takeBrief(reader, 1)).toEqual([11]);
  });

  it("who comes back to an id that is gone is told, and from the place of the gap not again", async () => {
    const stream = server.newStream();
    const ids = await add(stream, 1, 2, 3, 4);
    await server.client.xtrim(stream, "MAXLEN", 2);
    const { reader } = read(stream, { lastId: ids[0] ?? "" });
    const [gap, ...events] = await take(reader, 3);
    expect(gap).toEqual({ stream, stream_id: expect.any(String), gap: { missed: null } });
    expect(events.map(brief)).toEqual([3, 4]);
    expect(await takeBrief(read(stream, { lastId: gap?.stream_id ?? "" }).reader, 2)).toEqual([3, 4]);
    expect(await takeBrief(read(stream, { lastId: "0" }).reader, 2)).toEqual([3, 4]);
  });

  it("a stream that was emptied while the reader waited is a gap, too", async () => {
    const stream = server.newStream();
    const { reader } = read(stream, { blockMs: 20 });
    const next = takeBrief(reader, 1);
    await vi.waitFor(() => expect(reader.lastId).toBe("0-0"), 5000);
    await server.client.multi([...[1, 2, 3].map((n) => xadd(stream, n)), ["xtrim", stream, "MAXLEN", 0]]).exec();
    expect(await next).toEqual([{ missed: 3 }]);
  });

  it("reads all partitions, each in its order, and says where it is in each", async () => {
    const stream = server.newStream();
    const keys = [0, 1, 2].map((index) => `${stream}:{${index}}`);
    for (const [index, key] of keys.entries()) await add(key, ...[0, 1, 2, 3].map((n) => index * 10 + n));
    const { reader } = read(stream, { partitions: 3, lastId: "0", count: 2 });
    const seen = (await takeBrief(reader, 12)) as number[];
    for (const index of [0, 1, 2]) {
      expect(seen.filter((n) => Math.floor(n / 10) === index)).toEqual([0, 1, 2, 3].map((n) => index * 10 + n));
    }
    expect(Object.keys(reader.lastIds)).toEqual(keys);
    await add(keys[1] ?? "", 14);
    expect(await takeBrief(read(stream, { partitions: 3, lastId: reader.lastIds }).reader, 1)).toEqual([14]);
  });

  it("R-14: return ends it while it waits, leaving the loop and an abort do, and no connection or listener stays", async () => {
    const stream = server.newStream();
    const clients = async () => ((await server.client.call("CLIENT", "LIST")) as string).trim().split("\n").length;
    // Those of the tests before are going; ours that looks stays.
    await vi.waitFor(async () => expect(await clients()).toBe(1), 5000);
    const controller = new AbortController();
    const waiting = [read(stream).reader, read(stream, { signal: controller.signal }).reader] as const;
    const nexts = waiting.map((reader) => reader.next());
    await vi.waitFor(async () => expect(await clients()).toBe(3), 5000);
    expect(await waiting[0].return()).toEqual({ done: true, value: undefined });
    controller.abort();
    for (const next of nexts) expect(await next).toEqual({ done: true, value: undefined });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    await add(stream, 1, 2);
    for await (const record of read(stream, { lastId: "0" }).reader) {
      expect(brief(record)).toBe(1);
      break;
    }
    for await (const _ of read(stream, { signal: AbortSignal.abort() }).reader) expect.unreachable();
    await vi.waitFor(async () => expect(await clients()).toBe(1), 5000);
  });

  it("a user who may do what the README names can read, behind a backlog and over a gap", async () => {
    const stream = server.newStream();
    const rights = ["+xread", "+xrange", "+xinfo", "+multi", "+exec"];
    await server.client.call("ACL", "SETUSER", "reads", "on", ">pass", "~*", "-@all", ...rights);
    const [first = ""] = await add(stream, 1, 2, 3, 4);
    await server.client.xtrim(stream, "MAXLEN", 2);
    const url = `redis://reads:pass@127.0.0.1:${server.port}`;
    const { reader, errors } = read(stream, { url, lastId: first, count: 1, blockMs: 10 });
    expect(await takeBrief(reader, 3)).toEqual([{ missed: null }, 3, 4]);
    const live = read(stream, { url, blockMs: 10 });
    const next = takeBrief(live.reader, 1);
    await vi.waitFor(() => expect(live.reader.lastId).not.toBe("$"), 5000);
    await add(stream, 5);
    expect(await next).toEqual([5]);
    expect([...errors, ...live.errors]).toEqual([]);
  });

  it("twenty partitions are written, read and shared without a warning of a leak", async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => void warnings.push(message);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const stream = server.newStream();
    const common = { url: server.url, stream, partitions: 20 };
    const { reader } = read(stream, { partitions: 20, lastId: "0" });
    let handled = 0;
    const consumer = consumeGroup({ ...common, group: "g", handle: () => void handled++ });
    const bus = createBus();
    bus.addTransport(redisStreamTransport(common));
    for (let n = 0; n < 100; n++) bus.emit({ event: "e", run_id: `r${n}`, n });
    await bus.close();
    expect(new Set(await takeBrief(reader, 100)).size).toBe(100);
    await vi.waitFor(() => expect(handled).toBe(100), 5000);
    await consumer.stop();
    expect(warnings).toEqual([]);
  });

  it("an abort ends it at once, also before all that was read has been handed over", async () => {
    const stream = server.newStream();
    await add(stream, 1, 2, 3);
    const controller = new AbortController();
    const { reader } = read(stream, { lastId: "0", signal: controller.signal });
    expect(await takeBrief(reader, 1)).toEqual([1]);
    controller.abort();
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it.each([1, 3])("who has stopped to ask keeps no process alive, with %d partitions", async (partitions) => {
    const stream = server.newStream();
    await add(partitions === 1 ? stream : `${stream}:{0}`, 1, 2);
    const options = { url: server.url, stream, partitions, lastId: "0", blockMs: 200 };
    const script = `
      import { readStream } from "@loops/redis-stream";
      const reader = readStream(${JSON.stringify(options)});
      for (let i = 0; i < 2; i++) await reader.next();
      console.log(reader.lastId);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: import.meta.dirname });
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
  });

  it("reads with a client of the caller's, prefix and all, and leaves it open", async () => {
    const stream = server.newStream();
    const client = new Client(server.url, { keyPrefix: "app:", lazyConnect: true });
    onTestFinished(() => client.disconnect());
    await add(`app:${stream}`, 1);
    const { reader } = read(stream, { url: undefined, client, lastId: "0" });
    expect(await takeBrief(reader, 1)).toEqual([1]);
    await reader.return();
    expect(await client.xlen(stream)).toBe(1);
  });
});

function xadd(stream: string, n: number): [string, ...string[]] {
  return ["xadd", stream, "*", "data", JSON.stringify({ event: "e", n })];
}
