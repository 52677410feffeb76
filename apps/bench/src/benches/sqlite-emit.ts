import { join } from "node:path";
import { createBus } from "@loops/core";
import { sqliteTransport } from "@loops/sqlite";
import type { Bench, Side } from "../bench.js";
import { diskFolder } from "../disk-folder.js";
import { fiveFields } from "../events.js";

const allowedNs = 3000;

export const sqliteEmit: Bench = {
  name: "sqlite-emit",
  what: `emit an event of five fields to a listener and SQLite, which is written later; theirs: without the sink, and ${allowedNs / 1000} microseconds of nothing`,
  unit: "ns/op",
  bar: 1,
  runMs: 10,
  setup() {
    const folder = diskFolder();
    const ours = emitting(join(folder.path, "history.db"));
    return {
      ours,
      theirs: emitting(undefined),
      async teardown() {
        await ours.close();
        folder.remove();
      },
    };
  },
};

function emitting(path: string | undefined): Side & { close(): Promise<void> } {
  const bus = createBus();
  let heard = 0;
  bus.on(() => {
    heard++;
  });
  // Room for all that a run emits, so that each event is taken.
  const unbounded = { maxQueueItems: Number.POSITIVE_INFINITY, maxQueueBytes: Number.POSITIVE_INFINITY };
  const sink = path === undefined ? undefined : sqliteTransport({ path, ...unbounded });
  if (sink !== undefined) bus.addTransport(sink);
  return {
    run(iterations) {
      heard = 0;
      const before = sink?.stats().received ?? 0;
      for (let i = 0; i < iterations; i++) bus.emit(fiveFields);
      if (sink === undefined) spend(iterations * allowedNs);
      else heard = Math.min(heard, sink.stats().received - before);
      return heard;
    },
    async reset() {
      await bus.flush({ timeoutMs: 60_000 });
    },
    async close() {
      await bus.close({ timeoutMs: 60_000 });
    },
  };
}

/** So much time of the processor. */
function spend(ns: number): void {
  const { user, system } = process.cpuUsage();
  const until = user + system + ns / 1000;
  for (let now = 0; now < until; ) {
    const used = process.cpuUsage();
    now = used.user + used.system;
  }
}
