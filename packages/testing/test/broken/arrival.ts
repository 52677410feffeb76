import { MemoryTarget } from "../fixtures/memory-target.js";
import { queuedSubject } from "../fixtures/sinks.js";
import { brokenSink } from "./broken-sink.js";

/** As many events as the queued sink puts into one batch. */
const FULL = 16;

export const brokenArrival = [
  brokenSink("order", "a full batch goes out over two connections, and the second one is faster", () => {
    const target = new MemoryTarget();
    const write = async (batch: readonly string[], { signal }: { signal: AbortSignal }) => {
      const half = batch.length === FULL ? FULL / 2 : 0;
      await target.write([...batch.slice(half), ...batch.slice(0, half)], signal);
    };
    return queuedSubject({ write }, target);
  }),
  brokenSink("no-duplicates", "the last event of a full batch is written again with the next one", () => {
    const target = new MemoryTarget();
    let again: readonly string[] = [];
    const write = async (batch: readonly string[], { signal }: { signal: AbortSignal }) => {
      await target.write([...again, ...batch], signal);
      again = batch.length === FULL ? batch.slice(-1) : [];
    };
    return queuedSubject({ write }, target);
  }),
  brokenSink("no-duplicates", "a greeting is written that nobody emitted", () => {
    const target = new MemoryTarget();
    const write = async (batch: readonly string[], { signal }: { signal: AbortSignal }) => {
      if (target.lines.length === 0) await target.write(['{"id":"hello"}'], signal);
      await target.write(batch, signal);
    };
    return queuedSubject({ write }, target);
  }),
  brokenSink("idle", "a batch that is not full waits for a flush", () => queuedSubject({ flushIntervalMs: 60_000 })),
];
