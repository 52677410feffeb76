import { brokenSink, withMethods } from "./broken-sink.js";

export const brokenAccounting = [
  brokenSink(
    "accounting",
    "events in flight are counted nowhere",
    withMethods(({ transport }) => ({ stats: () => ({ ...transport.stats(), inFlight: 0 }) })),
  ),
  brokenSink(
    "delivered-is-true",
    "events are counted as delivered when they are queued",
    withMethods(({ transport }) => ({
      stats() {
        const { delivered, queued, inFlight, ...rest } = transport.stats();
        return { ...rest, delivered: delivered + queued + inFlight, queued: 0, inFlight: 0 };
      },
    })),
  ),
];
