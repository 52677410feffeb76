import { brokenSink, withMethods } from "./broken-sink.js";

export const brokenClose = [
  brokenSink(
    "close",
    "close drops what is queued",
    withMethods(({ transport }) => ({ close: async () => transport.close({ timeoutMs: 0 }) })),
  ),
  brokenSink(
    "close-idempotent",
    "a close after the end of another one fails",
    withMethods(({ transport }) => {
      let closed = false;
      return {
        async close(deadline) {
          if (closed) throw new Error("already closed");
          await transport.close(deadline);
          closed = true;
        },
      };
    }),
  ),
  brokenSink(
    "close-concurrent",
    "a close returns at once while another one is under way",
    withMethods(({ transport }) => {
      let closing = false;
      return {
        async close(deadline) {
          if (closing) return;
          closing = true;
          await transport.close(deadline);
        },
      };
    }),
  ),
  brokenSink(
    "close-concurrent",
    "a close fails while another one is under way",
    withMethods(({ transport }) => {
      let closing = false;
      return {
        async close(deadline) {
          if (closing) throw new Error("closing already");
          closing = true;
          await transport.close(deadline).finally(() => {
            closing = false;
          });
        },
      };
    }),
  ),
  brokenSink(
    "close-deadline",
    "close has no deadline",
    withMethods(({ transport }) => ({ close: async () => transport.close({ timeoutMs: 60_000 }) })),
  ),
  brokenSink(
    "close-deadline",
    "what is left at the deadline of close is forgotten",
    withMethods(({ transport }) => ({
      stats() {
        const { dropped, received, ...rest } = transport.stats();
        const { deadline = 0, ...others } = dropped;
        return { ...rest, received: received - deadline, dropped: others };
      },
    })),
  ),
  brokenSink(
    "send-after-close",
    "what is sent after close is ignored without a count",
    withMethods(({ transport }) => {
      let closed = false;
      return {
        send: (event, encoded) => (closed ? undefined : transport.send(event, encoded)),
        async close(deadline) {
          closed = true;
          await transport.close(deadline);
        },
      };
    }),
  ),
  brokenSink(
    "send-after-close",
    "send throws after close",
    withMethods(({ transport }) => {
      let closed = false;
      return {
        send(event, encoded) {
          if (closed) throw new Error("closed");
          return transport.send(event, encoded);
        },
        async close(deadline) {
          closed = true;
          await transport.close(deadline);
        },
      };
    }),
  ),
];
