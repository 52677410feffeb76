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
    "flush-idle",
    "a flush that finds nothing to do never gives the queue free again",
    withMethods(({ transport }) => {
      let stuck = false;
      let held = 0;
      let given = 0;
      return {
        send(event, encoded) {
          if (stuck) held++;
          else return transport.send(event, encoded);
        },
        async flush(deadline) {
          const { queued, inFlight } = transport.stats();
          if (queued + inFlight === 0) stuck = true;
          if (held > 0) throw new Error("a flush is under way");
          await transport.flush(deadline);
        },
        async close(deadline) {
          stuck = false;
          given += held;
          held = 0;
          await transport.close(deadline);
        },
        stats() {
          const { received, queued, dropped, ...rest } = transport.stats();
          const deadline = (dropped["deadline"] ?? 0) + given;
          const all = { ...dropped, ...(deadline > 0 && { deadline }) };
          return { ...rest, received: received + held + given, queued: queued + held, dropped: all };
        },
      };
    }),
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
    "flush-while-sending",
    "flush waits until nothing is queued",
    withMethods(({ transport }) => ({
      async flush(deadline) {
        await transport.flush(deadline);
        while (transport.stats().queued + transport.stats().inFlight > 0) await transport.flush(deadline);
      },
    })),
  ),
  brokenSink(
    "flush-while-sending",
    "what is sent while a flush waits is dropped",
    withMethods(({ transport }) => {
      let flushing = false;
      let dropped = 0;
      return {
        send(event, encoded) {
          if (flushing) dropped++;
          else return transport.send(event, encoded);
        },
        async flush(deadline) {
          const waiting = setImmediate(() => {
            flushing = true;
          });
          await transport.flush(deadline).finally(() => {
            clearImmediate(waiting);
            flushing = false;
          });
        },
        stats() {
          const stats = transport.stats();
          return { ...stats, received: stats.received + dropped, dropped: { ...stats.dropped, flushing: dropped } };
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
