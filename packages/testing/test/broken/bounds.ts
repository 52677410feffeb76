import { queuedSubject } from "../fixtures/sinks.js";
import { brokenSink } from "./broken-sink.js";

export const brokenBounds = [
  brokenSink("item-bound", "only bytes are bounded", () => queuedSubject({ maxQueueItems: Number.POSITIVE_INFINITY })),
  brokenSink("byte-bound", "only items are bounded", () => queuedSubject({ maxQueueBytes: Number.POSITIVE_INFINITY })),
];
