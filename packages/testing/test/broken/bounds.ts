import { limits, queuedSubject } from "../fixtures/sinks.js";
import { brokenSink, withMethods } from "./broken-sink.js";

export const brokenBounds = [
  brokenSink(
    "item-bound",
    "what finds no room is ignored without a count",
    withMethods(({ transport }) => ({
      send(event, encoded) {
        const { queued, inFlight } = transport.stats();
        if (queued + inFlight < limits.maxQueueItems) return transport.send(event, encoded);
      },
    })),
  ),
  brokenSink("item-bound", "only bytes are bounded", () => queuedSubject({ maxQueueItems: Number.POSITIVE_INFINITY })),
  brokenSink("byte-bound", "only items are bounded", () => queuedSubject({ maxQueueBytes: Number.POSITIVE_INFINITY })),
];
