import { DeliveryError } from "@loops/core";
import { MemoryTarget } from "../fixtures/memory-target.js";
import { queuedSubject } from "../fixtures/sinks.js";
import { brokenSink } from "./broken-sink.js";

/** More than the checks of recovery send at once. */
const LARGE = 10;

export const brokenInterleavings = [
  brokenSink(
    "interleavings",
    "a large batch that failed is tried again in halves, and the second one comes first",
    () => {
      const target = new MemoryTarget();
      return queuedSubject(
        {
          async write(batch, { signal }) {
            try {
              await target.write(batch, signal);
            } catch (error) {
              if (signal.aborted || batch.length <= LARGE) throw error;
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
