import { brokenSink, withMethods } from "./broken-sink.js";

export const brokenFlush = [
  brokenSink(
    "flush",
    "flush waits for one batch only",
    withMethods(({ transport, target }) => ({
      async flush(deadline) {
        const { queued, inFlight } = transport.stats();
        if (queued + inFlight <= 16) return transport.flush(deadline);
        const before = target.lines.length;
        transport.flush(deadline).catch(() => {});
        while (target.lines.length === before) await new Promise((resolve) => setImmediate(resolve));
      },
    })),
  ),
  brokenSink(
    "flush-concurrent",
    "a flush returns at once while another one is under way",
    withMethods(({ transport }) => {
      let flushing = false;
      return {
        async flush(deadline) {
          if (flushing) return;
          flushing = true;
          await transport.flush(deadline).finally(() => {
            flushing = false;
          });
        },
      };
    }),
  ),
  brokenSink(
    "flush-deadline",
    "flush has no deadline",
    withMethods(({ transport }) => ({ flush: () => transport.flush({ timeoutMs: 60_000 }) })),
  ),
  brokenSink(
    "flush-deadline",
    "flush does not look at the signal",
    withMethods(({ transport }) => ({ flush: (deadline) => transport.flush({ timeoutMs: deadline?.timeoutMs }) })),
  ),
  brokenSink(
    "flush-deadline",
    "flush keeps its deadline and does not say that it did",
    withMethods(({ transport }) => ({ flush: (deadline) => transport.flush(deadline).catch(() => {}) })),
  ),
];
