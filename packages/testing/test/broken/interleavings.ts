import { DeliveryError } from "@loops/core";
import { MemoryTarget } from "../fixtures/memory-target.js";
import { queuedSubject } from "../fixtures/sinks.js";
import { brokenSink } from "./broken-sink.js";

/** No other check lets the target fail and work again so often. */
const OUTAGES = 4;

export const brokenInterleavings = [
  brokenSink(
    "interleavings",
    "from the fourth outage on a batch that failed is tried again in halves, and the second one comes first",
    () => {
      const target = new MemoryTarget();
      let outages = 0;
      let fails = false;
      return queuedSubject(
        {
          async write(batch, { signal }) {
            try {
              await target.write(batch, signal);
              fails = false;
            } catch (error) {
              if (!fails) outages++;
              fails = true;
              if (signal.aborted || outages < OUTAGES || batch.length < 2) throw error;
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
