import { DeliveryError } from "@loops/core";
import { MemoryTarget } from "../fixtures/memory-target.js";
import { limits, queuedSubject } from "../fixtures/sinks.js";
import { brokenSink } from "./broken-sink.js";

export const brokenInterleavings = [
  brokenSink(
    "interleavings",
    "a full batch that failed is tried again in halves, and the second one comes first",
    () => {
      const target = new MemoryTarget();
      return queuedSubject(
        {
          async write(batch, { signal }) {
            try {
              await target.write(batch, signal);
            } catch (error) {
              if (signal.aborted || batch.length < limits.maxBatchItems) throw error;
              const failedIndexes = [...batch.keys()].slice(batch.length / 2);
              throw new DeliveryError("in halves", { kind: "too-large", failedIndexes, cause: error });
            }
          },
        },
        target,
      );
    },
  ),
];
