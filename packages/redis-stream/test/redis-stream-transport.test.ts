import { createBus, encodeEvent, getBus, type LoopEvent, setBus, stamp, type Transport } from "@loops/core";
import { checkAccounting } from "@loops/testing";
import { Redis as Client } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";
import {
  createTransport,
  installRedisBus,
  type RedisStreamTransportOptions,
  redisStreamTransport,
} from "../src/index.js";
import { closing, type StreamServer, startStreamServer } from "./stream-server.js";

const command = await requireProgram("redis-server", "writing to a Redis Stream");

const send = (transport: Transport, fields: Record<string, unknown>) => {
  const event = stamp({ event: "e", ...fields });
  void transport.send(event, encodeEvent(event));
};

const numbers = (events: readonly LoopEvent[]) => events.map(({ n }) => n);

describe.skipIf(command === undefined)("redisStreamTransport", () => {
  let server: StreamServer;
  beforeAll(async () => {
    server = await startStreamServer(command);
  });
  afterAll(() => server.stop());

  const make = (options: RedisStreamTransportOptions = {}) => {
    const errors: string[] = [];
    const onError = (error: unknown) => void errors.push((error as Error).message);
    const stream = server.newStream();
    const fast = { retry: { baseMs: 1, maxMs: 5 }, closeTimeoutMs: 500 };
    const transport = closing(redisStreamTransport({ url: server.url, stream, onError, ...fast, ...options }));
    return { transport, stream, errors };
  };

  it("R-1, R-2: each event is one entry with the one field data, in the envelope", async () => {
    const { transport, stream } = make();
    send(transport, { event: "agent.start", run_id: "r1", n: 1 });
    await transport.flush();
    const [[id, [name, data]]] = (await server.client.xrange(stream, "-", "+")) as [[string, [string, string]]];
    expect(id).toMatch(/^\d+-\d+$/);
    expect(name).toBe("data");
    expect(JSON.parse(data)).toMatchObject({ schema_version: "1", kind: "agent.start", correlation_id: "r1" });
  });

  it("R-8: trims to about maxLen, from 100000 on by default; 0 or less keeps all", async () => {
    const lengthOf = async (maxLen: number) => {
      const { transport, stream } = make({ maxLen });
      for (let n = 0; n < 1500; n++) send(transport, { n });
      await transport.flush();
      return server.client.xlen(stream);
    };
    expect(await lengthOf(1000)).toBeLessThan(1200);
    expect(await lengthOf(0)).toBe(1500);
    expect(await lengthOf(-1)).toBe(1500);
    expect(make({ stream: "" }).transport.streams).toEqual(["maf:events"]);
  });

  it("R-9: connects with the first event, not before", async () => {
    const clients = async () => ((await server.client.call("CLIENT", "LIST")) as string).trim().split("\n").length;
    // Those of the tests before are going; ours that looks stays.
    await vi.waitFor(async () => expect(await clients()).toBe(1), 5000);
    const { transport } = make();
    await new Promise(setImmediate);
    expect(await clients()).toBe(1);
    send(transport, { n: 1 });
    await transport.flush();
    expect(await clients()).toBe(2);
    await transport.close();
    await vi.waitFor(async () => expect(await clients()).toBe(1), 5000);
  });

  it("R-10: publish returns the id of the entry, behind all that was sent before", async () => {
    const { transport, stream } = make({ flushIntervalMs: 60_000 });
    send(transport, { n: 1 });
    const id = await transport.publish({ event: "e", n: 2 });
    const entries = await server.client.xrange(stream, "-", "+");
    expect(entries[1]?.[0]).toBe(id);
    expect(numbers(await server.events(stream))).toEqual([1, 2]);
  });

  it("R-10: publish returns nothing on failure and never rejects, not even for a cycle", async () => {
    const { transport, stream } = make({ maxQueueItems: 1, flushIntervalMs: 60_000 });
    await server.client.set(stream, "no stream");
    expect(await transport.publish({ event: "e" })).toBe("");
    expect(transport.stats().dropped).toEqual({ disabled: 1 });
    expect(await transport.publish({ event: "e" })).toBe("");
    const full = make({ maxQueueItems: 1, flushIntervalMs: 60_000 }).transport;
    send(full, { n: 1 });
    expect(await full.publish({ event: "e" })).toBe("");
    const away = make({ url: "redis://127.0.0.1:1", publishTimeoutMs: 50 }).transport;
    expect(await away.publish({ event: "e" })).toBe("");
    // It has no id yet, and is not forgotten.
    expect(away.stats()).toMatchObject({ received: 1, dropped: {} });
    const cycle: Record<string, unknown> = { event: "e" };
    cycle["self"] = cycle;
    expect(await make().transport.publish(cycle as never)).toMatch(/^\d+-\d+$/);
    const closed = make().transport;
    await closed.close();
    expect(await closed.publish({ event: "e" })).toBe("");
  });

  it("R-11: failures are told at the first and each hundredth in a row, and a success ends the row", async () => {
    const { transport, stream, errors } = make({ retry: { baseMs: 0, maxMs: 0 } });
    await server.client.config("SET", "maxmemory", "1");
    onTestFinished(async () => void (await server.client.config("SET", "maxmemory", "0")));
    send(transport, { n: 1 });
    const flushed = transport.flush();
    await vi.waitFor(() => expect(errors.some((error) => error.includes("(100 failures in a row)"))).toBe(true), 5000);
    await server.client.config("SET", "maxmemory", "0");
    await flushed;
    const rows = errors.map((error) => /\((\d+) failures in a row\)/.exec(error)?.[1] ?? "1");
    expect(rows.slice(0, 2)).toEqual(["1", "100"]);
    expect(new Set(rows).size).toBe(rows.length);
    expect(errors[0]).toContain(`1 events for ${stream}: OOM`);
    expect(errors[0]).toContain("raise maxmemory");
  });

  it("R-12: what was sent and not waited for is bounded, counted, and drained by close", async () => {
    const { transport, stream } = make({ maxQueueItems: 100, flushIntervalMs: 60_000 });
    for (let n = 0; n < 150; n++) send(transport, { n });
    expect(transport.stats()).toMatchObject({ received: 150, dropped: { overflow: 50 } });
    await transport.close();
    expect(numbers(await server.events(stream))).toEqual(Array.from({ length: 100 }, (_, n) => n));
    checkAccounting(transport.stats());
  });

  it("R-14: close without a connection makes none, may be repeated, and counts what comes later", async () => {
    const { transport } = make({ url: "redis://127.0.0.1:1" });
    await transport.close();
    await transport.close();
    send(transport, { n: 1 });
    expect(transport.stats()).toMatchObject({ received: 1, dropped: { closed: 1 } });
  });

  it("R-14, R-18: takes a client of the caller's with all its settings, and leaves it open", async () => {
    const client = new Client(server.url, { keyPrefix: "app:", db: 3, lazyConnect: true });
    onTestFinished(() => client.disconnect());
    const { transport, stream } = make({ url: "", client });
    expect(transport.streams).toEqual([`app:${stream}`]);
    send(transport, { n: 1 });
    await transport.flush();
    await transport.close();
    // As the caller's client sees it.
    expect(await client.xlen(stream)).toBe(1);
  });

  it("R-17, R-16: installRedisBus makes a bus, sets it as the process's own, and returns it", async () => {
    const stream = server.newStream();
    const bus = installRedisBus({ url: server.url, stream });
    onTestFinished(() => setBus(null));
    expect(getBus()).toBe(bus);
    getBus().emit({ event: "agent.start" });
    expect((await bus.close()).ok).toBe(true);
    expect(await server.events(stream)).toMatchObject([{ event: "agent.start" }]);
  });

  it("keeps the events of a run in order over partitions, and delivers all", async () => {
    const { transport } = make({ partitions: 3, maxBatchItems: 50 });
    const expected = new Map<string, number[]>();
    for (let n = 0; n < 900; n++) {
      const run_id = `run-${n % 17}`;
      expected.set(run_id, [...(expected.get(run_id) ?? []), n]);
      send(transport, { run_id, n });
    }
    await transport.flush();
    const read = await Promise.all(transport.streams.map((stream) => server.events(stream)));
    expect(read.every((events) => events.length > 0)).toBe(true);
    const found = new Map<unknown, unknown[]>();
    for (const { run_id, n } of read.flat()) found.set(run_id, [...(found.get(run_id) ?? []), n]);
    expect(found).toEqual(expected);
  });

  it("a partition that fails holds up no other, and nothing is doubled there", async () => {
    const { transport } = make({ partitions: 2, maxBatchItems: 100, flushIntervalMs: 60_000 });
    const [first = "", second = ""] = transport.streams;
    await server.client.set(first, "no stream");
    // Of these, run-0 goes to the second partition; what has no run to the first.
    for (let n = 0; n < 99; n++) send(transport, n % 2 === 0 ? { run_id: "run-0", n } : { n });
    await transport.flush().catch(() => {});
    expect((await server.events(second)).length).toBe(50);
    expect(transport.stats()).toMatchObject({ delivered: 50, dropped: { disabled: 49 } });
  });

  it("works for a user who may add and nothing else, without scripts", async () => {
    const rights = ["on", ">pass", "resetkeys", "~*", "-@all", "+xadd", "+multi", "+exec"];
    await server.client.call("ACL", "SETUSER", "writer", ...rights);
    const { transport, stream, errors } = make({ url: `redis://writer:pass@127.0.0.1:${server.port}` });
    for (let n = 0; n < 20; n++) send(transport, { n });
    await transport.flush();
    expect(numbers(await server.events(stream))).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(errors).toEqual([]);
  });

  it("adds a batch whole or not at all without scripts, too", async () => {
    await server.client.call("ACL", "SETUSER", "writer", ">pass", "-eval");
    const url = `redis://writer:pass@127.0.0.1:${server.port}`;
    const { transport, stream, errors } = make({ url, retry: { baseMs: 5, maxMs: 5 } });
    await server.client.config("SET", "maxmemory", "1");
    onTestFinished(async () => void (await server.client.config("SET", "maxmemory", "0")));
    for (let n = 0; n < 20; n++) send(transport, { n });
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0), 5000);
    expect(errors[0]).toContain("OOM");
    await server.client.config("SET", "maxmemory", "0");
    await transport.flush();
    expect(numbers(await server.events(stream))).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it.each([
    ["a user without rights", ["-@all", "+eval", "+ping"], /NOPERM|can't run this command/],
    ["a user whom nobody knows", undefined, /WRONGPASS/],
  ])("stops for good, says why and shows no password: %s", async (_, rights, message) => {
    await server.client.call("ACL", "SETUSER", "reader", "reset", "on", ">secret", "~*", ...(rights ?? []));
    const name = rights === undefined ? "nobody" : "reader";
    const { transport, errors } = make({ url: `redis://${name}:secret@127.0.0.1:${server.port}` });
    send(transport, { n: 1 });
    await expect(transport.flush()).rejects.toThrow();
    expect(transport.stats().dropped).toEqual({ disabled: 1 });
    expect(errors[0]).toMatch(message);
    expect(errors.join()).not.toContain("secret");
  });

  it("one event that the server refuses is a dead letter, and its neighbours arrive in order", async () => {
    const dead: string[] = [];
    const { transport, stream } = make({ onDeadLetter: (bodies) => dead.push(...bodies) });
    await server.client.config("SET", "proto-max-bulk-len", "1048576");
    onTestFinished(async () => void (await server.client.config("SET", "proto-max-bulk-len", "536870912")));
    for (let n = 0; n < 10; n++) send(transport, { n, ...(n === 4 && { text: "x".repeat(1_100_000) }) });
    await transport.flush().catch(() => {});
    expect(numbers(await server.events(stream))).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9]);
    expect(dead).toHaveLength(1);
    expect(transport.stats()).toMatchObject({ delivered: 9, dropped: { "dead-letter": 1 } });
  });

  it.each([
    [{ maxlen: 5 }, "the option maxlen is not known; did you mean maxLen?"],
    [{ maxLen: "many" }, "maxLen must be a number from 0, not many"],
    [{ wire: "xml" }, 'wire must be "envelope" or "flat", not "xml"'],
    [{ partitions: 0 }, "partitions must be a whole number from 1 to 1024, not 0"],
    [{ maxBatchItems: 50_000 }, "maxBatchItems must be at most 10000"],
    [{ stream: 5 }, "stream must be a text, not 5"],
    [{ client: {} }, "client must be a client or Cluster of ioredis, not an object"],
    [{ overflow: "flush-sync" }, 'overflow must be "drop-newest" or "drop-oldest", not "flush-sync"'],
    [{ url: "localhost" }, "url must begin with redis:// or rediss://, or be the path of a socket"],
  ])("refuses %j", (options, message) => {
    expect(() => redisStreamTransport(options as never)).toThrow(
      expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringContaining(`[redis-stream] ${message}`) }),
    );
  });

  it("R-17: is wired by configuration, and warns of what it does not know", async () => {
    const warnings: string[] = [];
    const context = {
      baseDir: "/",
      resolvePath: (path: string) => path,
      warn: (line: string) => void warnings.push(line),
    };
    const stream = server.newStream();
    const section = {
      url: server.url,
      stream,
      maxLen: 10,
      wire: "flat",
      retry: { base_ms: 1 },
      streem: "x",
      partitions: null,
    };
    const transport = closing((await createTransport(section, context)) as Transport);
    const bus = createBus();
    bus.addTransport(transport);
    bus.emit({ event: "agent.start" });
    await bus.close();
    expect(await server.events(stream)).toMatchObject([{ event: "agent.start" }]);
    expect(warnings).toEqual(["[redis-stream] the option streem is not known; did you mean stream?"]);
    expect(() => createTransport({ retry: 5 }, context)).toThrow("retry must be a section");
  });
});
