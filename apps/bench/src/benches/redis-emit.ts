import { createBus } from "@loops/core";
import { type RedisStreamTransportOptions, redisStreamTransport } from "@loops/redis-stream";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";
import { benchRedis, redisIsMissing } from "../redis-server.js";

const allowedNs = 2000;
const theirs = `theirs: without the sink, and ${allowedNs / 1000} microseconds of nothing`;

export const redisEmit: Bench = {
  name: "redis-emit",
  what: `emit an event of five fields to a listener and a Redis Stream, which is written later; ${theirs}`,
  unit: "ns/op",
  bar: 1,
  lacks: redisIsMissing,
  async setup() {
    const server = await benchRedis();
    // Room for all that a run emits, so that each event is taken.
    const unbounded = { maxQueueItems: Number.POSITIVE_INFINITY, maxQueueBytes: Number.POSITIVE_INFINITY };
    const ours = withSink({ url: server.url, ...unbounded });
    return {
      ours,
      theirs: withoutSink(),
      async teardown() {
        await ours.close();
        await server.stop();
      },
    };
  },
};

export const redisEmitDown: Bench = {
  name: "redis-emit-down",
  what: `the same while Redis is down, its queue full and connections tried; ${theirs}`,
  unit: "ns/op",
  bar: 1,
  setup() {
    // Nobody listens on the port of TCP multiplexing.
    const ours = withSink({ url: "redis://127.0.0.1:1", closeTimeoutMs: 0 });
    return { ours, theirs: withoutSink(), teardown: ours.close };
  },
};

function withSink(options: RedisStreamTransportOptions): Side & { close(): Promise<void> } {
  const bus = createBus();
  const deadline = { timeoutMs: options.closeTimeoutMs ?? 10_000 };
  const transport = redisStreamTransport({ stream: "emit", onError: () => {}, ...options });
  let heard = 0;
  bus.on(() => {
    heard++;
  });
  bus.addTransport(transport);
  return {
    run(iterations) {
      heard = 0;
      const before = transport.stats().received;
      for (let i = 0; i < iterations; i++) bus.emit(fiveFields);
      return Math.min(heard, transport.stats().received - before);
    },
    async reset() {
      await bus.flush(deadline);
    },
    async close() {
      await bus.close(deadline);
    },
  };
}

function withoutSink(): Side {
  const bus = createBus();
  let heard = 0;
  bus.on(() => {
    heard++;
  });
  return {
    run(iterations) {
      heard = 0;
      for (let i = 0; i < iterations; i++) bus.emit(fiveFields);
      const { user, system } = process.cpuUsage();
      const until = user + system + (iterations * allowedNs) / 1000;
      for (let now = 0; now < until; ) {
        const used = process.cpuUsage();
        now = used.user + used.system;
      }
      return heard;
    },
  };
}
