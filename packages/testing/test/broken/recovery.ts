import type { BatchTransport, DeliveryError } from "@loops/core";
import { MemoryTarget } from "../fixtures/memory-target.js";
import { queuedSubject, withCrash } from "../fixtures/sinks.js";
import { brokenSink } from "./broken-sink.js";

export const brokenRecovery = [
  brokenSink("resume", "after the first failure nothing new is taken any more", () => {
    const target = new MemoryTarget();
    let failed = false;
    let refused = 0;
    const sound = queuedSubject(
      {
        async write(batch, { signal }) {
          failed ||= target.failing;
          await target.write(batch, signal);
        },
      },
      target,
    );
    const { transport } = sound;
    return {
      ...sound,
      transport: {
        ...transport,
        send(event, encoded) {
          if (failed) refused++;
          else return transport.send(event, encoded);
        },
        stats() {
          const stats = transport.stats();
          return { ...stats, received: stats.received + refused, dropped: { ...stats.dropped, disabled: refused } };
        },
      },
    };
  }),
  brokenSink("recovery", "a batch that fails is given up at once", () => queuedSubject({ retry: { maxRetries: 0 } })),
  brokenSink("recovery", "a batch of 20 that fails is put at the end of the queue", () => {
    const target = new MemoryTarget();
    /** The lines that core holds, in an order of our own. */
    const lines: string[] = [];
    const sound = queuedSubject(
      {
        maxBatchItems: 20,
        async write(batch, { signal }) {
          const mine = lines.slice(0, batch.length);
          try {
            await target.write(mine, signal);
            lines.splice(0, mine.length);
          } catch (error) {
            if (target.failing) lines.push(...lines.splice(0, mine.length));
            const { failedIndexes = [] } = error as Partial<DeliveryError>;
            for (const index of failedIndexes.toReversed()) lines.splice(index, 1);
            throw error;
          }
        },
      },
      target,
    );
    const send: BatchTransport["send"] = (event, encoded) => {
      const { overflow } = sound.transport.stats().dropped;
      lines.push(encoded.json);
      sound.transport.send(event, encoded);
      if (sound.transport.stats().dropped["overflow"] !== overflow) lines.pop();
    };
    return { ...sound, transport: { ...sound.transport, send } };
  }),
  brokenSink("stall-recovery", "an attempt that hangs is waited for, for ever", () => {
    const target = new MemoryTarget();
    return queuedSubject(
      {
        async write(batch, { signal }) {
          if (!target.stalled) return target.write(batch, signal);
          await new Promise(() => {});
        },
      },
      target,
    );
  }),
  {
    ...brokenSink("durable", "flush reaches a buffer, which a kill takes with it", queuedSubject),
    create() {
      const sound = withCrash(queuedSubject());
      const crash = async () => {
        await sound.faults?.crash?.();
        sound.target.lines.splice(-5);
      };
      return { ...sound, faults: { ...sound.target.faults, ...sound.faults, crash } };
    },
  },
];
