import { execFileSync } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createBus, type TransportStats } from "@loops/core";
import { checkAccounting } from "@loops/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { type RedisStreamTransportOptions, redisStreamTransport } from "../src/index.js";
import { type StreamServer, startStreamServer } from "./stream-server.js";

const command = await requireProgram("redis-server", "a Redis that goes and comes");
const kills = process.env["LOOPS_LONG"] === "1" ? 20 : 3;

describe.skipIf(command === undefined)("while Redis goes and comes", () => {
  let server: StreamServer;
  beforeAll(async () => {
    server = await startStreamServer(command, { appendfsync: "always" });
  });
  afterAll(() => server.stop());

  const droppedOf = ({ dropped }: TransportStats) => Object.values(dropped).reduce((sum, count) => sum + count, 0);

  /** A bus that emits numbered events, some in each turn, until it is told to stop. */
  function produce(producer: string, options: RedisStreamTransportOptions) {
    const fast = { connectTimeoutMs: 200, commandTimeoutMs: 200, flushIntervalMs: 5, retry: { baseMs: 5, maxMs: 50 } };
    const transport = redisStreamTransport({ url: server.url, maxLen: 0, onError: () => {}, ...fast, ...options });
    const bus = createBus();
    bus.addTransport(transport);
    let [running, emitted] = [true, 0];
    const turn = () => {
      if (!running) return;
      for (let i = 0; i < 10; i++) bus.emit({ event: "load", producer, run_id: producer, n: emitted++ });
      setTimeout(turn, 1);
    };
    turn();
    return {
      transport,
      async stop() {
        running = false;
        await bus.close();
        return emitted;
      },
    };
  }

  /** The numbers of a producer's events, each where it came first, and how many there are. */
  async function firstArrivals(streams: readonly string[], producer: string) {
    const first = new Set<number>();
    for (const stream of streams) {
      for (const event of await server.events(stream))
        if (event["producer"] === producer) first.add(event["n"] as number);
    }
    return [...first];
  }

  it.each([
    ["killed and started again", 1, () => server.service.kill(), () => server.service.start()],
    ["killed and started again, with partitions", 3, () => server.service.kill(), () => server.service.start()],
    ["stopped and going on", 1, async () => server.service.pause(), async () => server.service.resume()],
  ])(
    "%s under load: every event is there or counted, first ones in order for each producer",
    async (_, partitions, end, begin) => {
      const stream = server.newStream();
      const producers = ["one", "two", "three"].map((name) => ({ name, ...produce(name, { stream, partitions }) }));
      const delivered = () => producers.reduce((sum, { transport }) => sum + transport.stats().delivered, 0);
      const held = () => producers.reduce((sum, { transport }) => sum + transport.stats().queued, 0);
      for (let round = 0; round < kills; round++) {
        const before = delivered();
        await vi.waitFor(() => expect(delivered()).toBeGreaterThan(before + 300), 10_000);
        await end();
        await vi.waitFor(() => expect(held()).toBeGreaterThan(600), 10_000);
        await begin();
      }
      for (const { name, transport, stop } of producers) {
        const emitted = await stop();
        const stats = transport.stats();
        checkAccounting(stats);
        expect(stats.received).toBe(emitted);
        const numbers = await firstArrivals(transport.streams, name);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(numbers.length).toBeGreaterThanOrEqual(stats.delivered);
        expect(numbers.length + droppedOf(stats)).toBeGreaterThanOrEqual(emitted);
        // There was room for all.
        expect(droppedOf(stats)).toBe(0);
      }
    },
  );

  it.each([
    ["gone", () => server.service.kill(), () => server.service.start()],
    ["stopped", async () => server.service.pause(), async () => server.service.resume()],
  ])("memory is bounded while it is %s and events come at full rate", async (_, end, begin) => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = () => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return (heapUsed + external) / 1_048_576;
    };
    const options = { maxQueueItems: 2000, retry: { baseMs: 1, maxMs: 5 }, connectTimeoutMs: 50, commandTimeoutMs: 50 };
    const transport = redisStreamTransport({
      url: server.url,
      stream: server.newStream(),
      onError: () => {},
      ...options,
    });
    const bus = createBus();
    bus.addTransport(transport);
    bus.emit({ event: "first" });
    await bus.flush();
    await end();
    try {
      const emit = async (rounds: number) => {
        for (let i = 0; i < rounds; i++) {
          for (let n = 0; n < 1000; n++) bus.emit({ event: "load", n, text: "x".repeat(200) });
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      };
      await emit(50);
      const before = used();
      await emit(150);
      expect(used() - before).toBeLessThan(10);
      const stats = transport.stats();
      checkAccounting(stats);
      expect(stats.queued + stats.inFlight).toBeLessThanOrEqual(2000);
      expect(stats.dropped["overflow"]).toBeGreaterThan(190_000);
    } finally {
      await begin();
    }
    await bus.close();
    const { received, delivered, dropped } = transport.stats();
    expect(dropped).toEqual({ overflow: received - delivered });
  });
});

it("a process ends with its sink, also where every connection was refused", () => {
  const script = `
    import { createBus } from "@loops/core";
    import { redisStreamTransport } from "@loops/redis-stream";
    const bus = createBus({ onError() {} });
    // Nobody listens on the port of TCP multiplexing.
    bus.addTransport(redisStreamTransport({ url: "redis://127.0.0.1:1", retry: { baseMs: 1, maxMs: 5 } }));
    bus.emit({ event: "step" });
    await bus.close({ timeoutMs: 300 });
    const closed = performance.now();
    process.on("exit", () => process.stdout.write(String(performance.now() - closed)));
  `;
  const args = ["--input-type=module", "-e", script];
  const heldMs = Number(execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: "utf8" }));
  // ioredis would wait for two seconds.
  expect(heldMs).toBeLessThan(1000);
});
