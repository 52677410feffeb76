import type { EventLog, LoopEvent } from "@loops/core";
import { memoryLogTransport } from "@loops/memory-log";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { createRedisLog, type RedisLogOptions, redisStreamTransport } from "../src/index.js";
import { eventLogContract } from "./event-log-contract.js";
import { closing, type StreamServer, startStreamServer } from "./stream-server.js";

const command = await requireProgram("redis-server", "the event log on Redis");

const event = (name: string, n = 0): LoopEvent => ({ event: name, ts: "2024-01-15T10:30:00.000Z", id: `log-${n}`, n });

// One contract, two logs.
eventLogContract("memory-log as an event log", async () => {
  let nowMs = 0;
  const ttlMs = 1e9;
  const log = memoryLogTransport({ ttlMs, now: () => nowMs });
  const ages: number[] = [];
  return {
    // Each entry is of a time of its own, so that any number of the oldest can be made to age.
    log: {
      append(event, encoded) {
        nowMs++;
        ages.push(nowMs);
        return log.append(event, encoded);
      },
      query: (query) => log.query(query),
      tail: (options) => log.tail(options),
    },
    async keep(entries) {
      if (ages.length <= entries) return;
      const now = nowMs;
      nowMs = (ages[ages.length - entries] ?? now + 1) + ttlMs;
      log.query({ limit: 0 });
      nowMs = now;
    },
    close: () => log.close(),
    another: async () => memoryLogTransport(),
  };
});

describe.skipIf(command === undefined)("createRedisLog", () => {
  let server: StreamServer;
  beforeAll(async () => {
    server = await startStreamServer(command, { appendfsync: "always" });
  });
  afterAll(() => server.stop());

  const make = (options: RedisLogOptions = {}) => {
    const stream = options.stream ?? server.newStream();
    const fast = { connectTimeoutMs: 200, commandTimeoutMs: 200, onError: () => {} };
    return { stream, log: closing(createRedisLog({ url: server.url, stream, ...fast, ...options })) };
  };

  for (const wire of ["envelope", "flat"] as const) {
    eventLogContract(`redis-stream as an event log, ${wire}`, async () => {
      const stream = server.newStream();
      const log = createRedisLog({ url: server.url, stream, wire });
      return {
        log,
        keep: async (entries) => void (await server.client.xtrim(stream, "MAXLEN", entries)),
        close: () => log.close(),
        another: async () => make().log,
      };
    });
  }

  const named = async (log: EventLog, since?: string) => {
    const { gap, events } = await log.query({ since });
    return [gap, ...events.map((entry) => entry.event.event)];
  };

  it("reads what transports have added, and any number of logs share a stream and its cursors", async () => {
    const { stream, log } = make();
    const other = make({ stream }).log;
    const transport = closing(redisStreamTransport({ url: server.url, stream }));
    const first = await log.append(event("a"));
    await transport.publish(event("b"));
    const [b] = (await other.query({ since: first })).events;
    expect(b?.event).toEqual(event("b"));
    await other.append(event("c"));
    expect(await named(log, b?.cursor)).toEqual([false, "c"]);
    expect(await named(other, first)).toEqual([false, "b", "c"]);
  });

  it("a cursor survives a server that is killed and comes back", async () => {
    const { log } = make();
    const cursor = await log.append(event("a"));
    const tail = log.tail({ since: cursor });
    onTestFinished(async () => void (await tail.return?.()));
    const next = tail.next();
    await server.service.kill();
    await expect(log.append(event("lost"))).rejects.toThrow(
      expect.objectContaining({ code: "LOOPS_REDIS_CONNECTION" }),
    );
    await server.service.start();
    await log.append(event("b"));
    expect(await named(log, cursor)).toEqual([false, "b"]);
    expect((await next).value).toMatchObject({ type: "event", event: { event: "b" } });
  });

  it.each([
    ["deleted", (stream: string) => server.client.del(stream)],
    ["lost with all others", () => server.client.flushall()],
  ])("a stream that was %s is another life: its cursors are known as those of the last one", async (_, end) => {
    const { stream, log } = make();
    const old = await log.append(event("a"));
    const tail = log.tail({ since: old });
    onTestFinished(async () => void (await tail.return?.()));
    const next = tail.next();
    await vi.waitFor(async () => expect(await blocked()).toBeGreaterThan(0), 5000);
    await end(stream);
    for (const name of ["b", "c"]) await log.append(event(name));
    expect(await named(log, old)).toEqual([true, "b", "c"]);
    expect((await next).value).toMatchObject({ type: "gap", missed: null });
    expect((await tail.next()).value).toMatchObject({ event: { event: "b" } });
  });

  it("a stream that was renamed keeps its life, and a trimmed one does", async () => {
    const { stream, log } = make();
    const cursor = await log.append(event("a"));
    await server.client.rename(stream, `${stream}:new`);
    const renamed = make({ stream: `${stream}:new` }).log;
    await renamed.append(event("b"));
    expect(await named(renamed, cursor)).toEqual([false, "b"]);
    await server.client.xtrim(`${stream}:new`, "MAXLEN", 0);
    const after = await renamed.append(event("c"));
    expect(await named(renamed, cursor)).toEqual([true, "c"]);
    expect(after.split(":")[0]).toBe(cursor.split(":")[0]);
  });

  it("entries that hold no event are passed over, and counted where they are missing", async () => {
    const { stream, log } = make();
    const first = await log.append(event("a"));
    await server.client.xadd(stream, "*", "data", "{");
    await server.client.xadd(stream, "*", "other", "x");
    await log.append(event("b"));
    expect(await named(log, first)).toEqual([false, "b"]);
    expect(await named(log)).toEqual([false, "a", "b"]);
    await server.client.xtrim(stream, "MAXLEN", 1);
    expect((await log.tail({ since: first }).next()).value).toMatchObject({ type: "gap", missed: 2 });
  });

  it("after an XDEL no number of missing events is claimed", async () => {
    const { stream, log } = make();
    const first = await log.append(event("a"));
    await log.append(event("b"));
    const { events } = await log.query({ since: first });
    await log.append(event("c"));
    await log.append(event("d"));
    const id = (await server.client.xrange(stream, "-", "+"))[2]?.[0] ?? "";
    await server.client.xdel(stream, id);
    expect(await named(log, events[0]?.cursor)).toEqual([false, "d"]);
    await server.client.xtrim(stream, "MAXLEN", 1);
    expect((await log.tail({ since: first }).next()).value).toMatchObject({ type: "gap", missed: null });
  });

  it("a query over a long stream comes to its end, and does not run after who appends meanwhile", async () => {
    const { stream, log } = make();
    await log.append(event("first"));
    const pipeline = server.client.pipeline();
    for (let n = 0; n < 1700; n++) pipeline.xadd(stream, "*", "data", JSON.stringify(event("e", n)));
    await pipeline.exec();
    const asked = log.query();
    const later = log.append(event("later"));
    const page = await asked;
    expect(page.events).toHaveLength(1701);
    await later;
    expect(await named(log, page.next)).toEqual([false, "later"]);
  });

  it("a user who may do what the README names can use it", async () => {
    const rights = ["+eval", "+xadd", "+xrange", "+xread", "+xinfo", "+xgroup"];
    await server.client.call("ACL", "SETUSER", "logs", "on", ">pass", "~*", "-@all", ...rights);
    const { log } = make({ url: `redis://logs:pass@127.0.0.1:${server.port}` });
    const tail = log.tail();
    onTestFinished(async () => void (await tail.return?.()));
    const cursor = await log.append(event("a"));
    expect(await named(log)).toEqual([false, "a"]);
    expect((await tail.next()).value).toMatchObject({ cursor });
    const next = tail.next();
    await log.append(event("b"));
    expect((await next).value).toMatchObject({ event: { event: "b" } });
  });

  it("append trims to about maxLen", async () => {
    const { stream, log } = make({ maxLen: 100 });
    for (let n = 0; n < 400; n++) await log.append(event("e", n));
    expect(await server.client.xlen(stream)).toBeLessThan(300);
  });

  it("says what the server says, and refuses what cannot be meant", async () => {
    const { stream, log } = make();
    await server.client.set(stream, "no stream");
    const failure = { code: "LOOPS_REDIS_COMMAND", message: expect.stringContaining(`${stream}: WRONGTYPE`) };
    await expect(log.append(event("a"))).rejects.toThrow(expect.objectContaining(failure));
    await expect(log.query()).rejects.toThrow(expect.objectContaining(failure));
    await expect(log.query({ filter: 5 as never })).rejects.toThrow(expect.objectContaining({ code: "LOOPS_FILTER" }));
    expect(() => createRedisLog({ partitions: 2 } as never)).toThrow("the option partitions is not known");
    log.close();
    await expect(log.query()).rejects.toThrow(expect.objectContaining({ code: "LOOPS_CLOSED" }));
  });

  /** Clients that wait for something to come. */
  async function blocked(): Promise<number> {
    return Number(/blocked_clients:(\d+)/.exec(await server.client.info("clients"))?.[1]);
  }
});
