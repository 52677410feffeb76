import { once } from "node:events";
import { createServer } from "node:net";
import { type Bus, createBus, type Transport } from "@loops/core";
import { webhookTransport } from "@loops/webhook";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";

export const webhookEmit: Bench = {
  name: "webhook-emit",
  what: "emit an event of five fields to a webhook sink whose receiver is down, and which keeps it; theirs: to a sink that does nothing",
  unit: "ns/op",
  bar: null,
  // Less than two microseconds more than without it.
  least: 2000,
  async setup() {
    const url = await closedUrl();
    // Without a bound: to drop an event would be cheaper than to keep it.
    const unbounded = { maxQueueItems: Number.POSITIVE_INFINITY, maxQueueBytes: Number.POSITIVE_INFINITY };
    const ours = emitTo(() => webhookTransport({ url, ...unbounded, onError: () => {} }));
    const theirs = emitTo(() => ({ send() {}, close() {} }));
    return {
      ours,
      theirs,
      async teardown() {
        await ours.reset();
        await theirs.reset();
      },
    };
  },
};

/** Each run has a sink of its own, so that what is kept does not pile up. */
function emitTo(make: () => Transport): Side & { reset(): Promise<void> } {
  let bus: Bus | undefined;
  const fresh = () => {
    const made = createBus();
    made.addTransport(make());
    return made;
  };
  return {
    run(iterations) {
      bus ??= fresh();
      for (let i = 0; i < iterations; i++) bus.emit(fiveFields);
      return bus.stats().sinks[0]?.received ?? 0;
    },
    async reset() {
      await bus?.close({ timeoutMs: 0 });
      bus = undefined;
    },
  };
}

/** Nobody listens there. */
async function closedUrl(): Promise<string> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as { port: number };
  await once(server.close(), "close");
  return `http://127.0.0.1:${port}/`;
}
