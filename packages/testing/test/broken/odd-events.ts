import { batchTransport, DeliveryError, errorMessage } from "@loops/core";
import { MemoryTarget } from "../fixtures/memory-target.js";
import { limits, queuedSubject, retry } from "../fixtures/sinks.js";
import { brokenSink, capabilities, withMethods } from "./broken-sink.js";

interface Signed {
  readonly line: string;
  sign(): string;
}

export const brokenOddEvents = [
  {
    ...brokenSink("oversize-event", "an event that the target finds too large is tried again for ever", () => {
      const target = new MemoryTarget();
      return queuedSubject(
        {
          maxQueueBytes: Number.POSITIVE_INFINITY,
          async write(batch, { signal }) {
            if (batch.some((line) => line.length > 1_500_000)) throw new Error("the target answers 413");
            await target.write(batch, signal);
          },
        },
        target,
      );
    }),
    capabilities: { ...capabilities, bounds: { maxQueueItems: limits.maxQueueItems } },
  },
  brokenSink(
    "oversize-event",
    "an event that finds no room is ignored without a count",
    withMethods(({ transport }) => ({
      send(event, encoded) {
        if (encoded.json.length <= limits.maxQueueBytes) return transport.send(event, encoded);
      },
    })),
  ),
  brokenSink("unencodable-event", "an event that cannot be signed is tried again for ever", () => {
    const target = new MemoryTarget();
    const transport = batchTransport<Signed>({
      name: "signing",
      ...limits,
      retry,
      prepare: (event, { json }) => ({ line: json, sign: () => JSON.stringify(event) }),
      sizeOf: ({ line }) => line.length,
      async write(batch, { signal }) {
        for (const { sign } of batch) sign();
        await target.write(
          batch.map(({ line }) => line),
          signal,
        );
      },
    });
    return { ...queuedSubject({}, target), transport };
  }),
  brokenSink("poison-event", "what the target refuses is tried again for ever", () => {
    const target = new MemoryTarget();
    return queuedSubject(
      {
        async write(batch, { signal }) {
          try {
            await target.write(batch, signal);
          } catch (error) {
            throw new Error(errorMessage(error));
          }
        },
      },
      target,
    );
  }),
  brokenSink("poison-event", "a batch is given up whole when the target refuses one event of it", () => {
    const target = new MemoryTarget();
    return queuedSubject(
      {
        async write(batch, { signal }) {
          try {
            await target.write(batch, signal);
          } catch (error) {
            if (!batch.some((line) => target.refuses(line))) throw error;
            throw new DeliveryError(errorMessage(error), { kind: "refused" });
          }
        },
      },
      target,
    );
  }),
  brokenSink("poison-event", "what the target refuses counts as delivered", () => {
    const target = new MemoryTarget();
    return queuedSubject(
      {
        async write(batch, { signal }) {
          await target.write(
            batch.filter((line) => !target.refuses(line)),
            signal,
          );
        },
      },
      target,
    );
  }),
];
