import { createBus } from "@loops/core";
import type { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";
import {
  consumeGroup,
  createRedisLog,
  type Handle,
  readStream,
  redisStreamTransport,
  streamKeys,
} from "../src/index.js";
import { expectAllCounted, numbers, quick } from "./group/group-on-redis.js";
import { type RedisCluster, startRedisCluster } from "./redis-cluster.js";
import { closing } from "./stream-server.js";

const command = await requireProgram("redis-server", "a Redis Cluster");
const soon = { timeout: 15_000, interval: 10 };

describe.skipIf(command === undefined)("on a Redis Cluster of three masters", () => {
  let nodes: RedisCluster["nodes"];
  let cluster: Cluster;
  let its: RedisCluster;

  beforeAll(async () => {
    its = await startRedisCluster(command ?? "");
    ({ nodes, client: cluster } = its);
  });
  afterAll(() => its.stop());

  it("partitions lie on all masters, and are written and read in order for each run; the caller's stays open", async () => {
    const stream = "spread";
    const bus = createBus();
    bus.addTransport(redisStreamTransport({ client: cluster, stream, partitions: 8 }));
    for (let n = 0; n < 800; n++) bus.emit({ event: "e", run_id: `run-${n % 20}`, n });
    expect((await bus.close()).ok).toBe(true);
    for (const { client } of nodes) expect(Number(await client.call("DBSIZE"))).toBeGreaterThan(0);
    const reader = readStream({ client: cluster, stream, partitions: 8, lastId: "0" });
    const last = new Map<unknown, number>();
    let count = 0;
    for await (const record of reader) {
      if (record.event === undefined) expect.unreachable();
      const { run_id, n } = record as unknown as { run_id: string; n: number };
      expect(n).toBeGreaterThan(last.get(run_id) ?? -1);
      last.set(run_id, n);
      if (++count === 800) break;
    }
    expect(await cluster.ping()).toBe("PONG");
  });

  it("a log works on the node that has its stream", async () => {
    for (const stream of ["a", "b", "c", "d"]) {
      const log = closing(createRedisLog({ client: cluster, stream }));
      const tail = log.tail();
      const cursor = await log.append({ event: "first", ts: "2024-01-15T10:30:00.000Z", id: stream });
      expect((await log.query()).next).toBe(cursor);
      expect((await tail.next()).value).toMatchObject({ cursor });
      await tail.return?.();
    }
  });

  it("says what to do where a single client was given", async () => {
    const errors: string[] = [];
    const [first] = nodes;
    const url = first?.server.url;
    const retry = { baseMs: 1, maxMs: 1 };
    for (const stream of ["a", "b", "c", "d", "e"]) {
      const onError = (error: unknown) => void errors.push((error as Error).message);
      const transport = closing(redisStreamTransport({ url, stream, retry, onError, closeTimeoutMs: 10 }));
      void transport.publish({ event: "e" });
    }
    await vi.waitFor(() => expect(errors.join()).toMatch(/MOVED .*give an ioredis Cluster as client/), 5000);
  });

  it("a group reads each partition where it lies, claims, acknowledges and puts aside there, and leaves the client open", async () => {
    const keys = streamKeys("s", 6);
    for (const [index, key] of keys.entries()) {
      for (const n of numbers(50, index * 50)) await cluster.xadd(key, "*", "data", JSON.stringify({ event: "e", n }));
    }
    // Somebody who died with an entry of the first partition in hand.
    await cluster.xgroup("CREATE", keys[0] ?? "", "g", "0");
    await cluster.xreadgroup("GROUP", "g", "gone", "COUNT", 1, "STREAMS", keys[0] ?? "", ">");

    const seen: unknown[] = [];
    const handle: Handle = ({ n }) => {
      if (n === 299) throw new Error("never");
      seen.push(n);
    };
    const options = { client: cluster, stream: "s", group: "g", partitions: 6, maxDeliveries: 2, handle, ...quick };
    const consumers = [1, 2].map(() => consumeGroup({ ...options, claimIdleMs: 1000, onError: () => {} }));
    await vi.waitFor(() => expect(new Set(seen).size).toBe(299), soon);
    await vi.waitFor(async () => expect(await cluster.xlen("s:dead")).toBe(1), soon);
    await vi.waitFor(async () => expect(await consumers[0]?.lag()).toMatchObject({ lag: 0, pending: 0 }), soon);
    expect(seen.length).toBe(299);
    consumers.forEach(expectAllCounted);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    expect(cluster.status).toBe("ready");
  });

  it("a slot that moves to another master while events come loses none and keeps their order", async () => {
    const stream = "moving";
    const slot = Number(await cluster.cluster("KEYSLOT", stream));
    const ids = await Promise.all(nodes.map(({ client }) => client.call("CLUSTER", "MYID") as Promise<string>));
    const from = its.ownerOf(slot);
    const to = (from + 1) % 3;
    const [source, target] = [nodes[from], nodes[to]] as const;
    const transport = closing(redisStreamTransport({ client: cluster, stream, flushIntervalMs: 1, onError: () => {} }));
    const bus = createBus();
    bus.addTransport(transport);
    let n = 0;
    const timer = setInterval(() => bus.emit({ event: "e", n: n++ }), 1);
    onTestFinished(() => clearInterval(timer));
    await vi.waitFor(() => expect(transport.stats().delivered).toBeGreaterThan(20), 5000);
    await target?.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from] ?? "");
    await source?.client.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to] ?? "");
    await source?.client.call("MIGRATE", "127.0.0.1", target?.server.port ?? 0, stream, 0, 5000);
    for (const { client } of [target, source, ...nodes].filter((node) => node !== undefined)) {
      await client.call("CLUSTER", "SETSLOT", slot, "NODE", ids[to] ?? "");
    }
    const moved = transport.stats().delivered;
    await vi.waitFor(() => expect(transport.stats().delivered).toBeGreaterThan(moved + 20), 10_000);
    clearInterval(timer);
    await bus.close();
    const entries = await cluster.xrange(stream, "-", "+");
    const arrived = [...new Set(entries.map(([, fields]) => JSON.parse(fields[1] ?? "").payload.n as number))];
    expect(arrived).toEqual(numbers(n));
  });
});
