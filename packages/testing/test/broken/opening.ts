import { nextTurn } from "../../src/wait.js";
import { brokenSink, withMethods } from "./broken-sink.js";

/** Settles when a connection is open that takes a turn to open. */
function opening() {
  let open = false;
  const opened = nextTurn().then(() => {
    open = true;
  });
  return { isOpen: () => open, opened };
}

export const brokenOpening = [
  brokenSink(
    "send-before-ready",
    "what is sent before the connection is open is dropped",
    withMethods(({ transport }) => {
      const { isOpen } = opening();
      let dropped = 0;
      return {
        send(event, encoded) {
          if (!isOpen()) dropped++;
          else return transport.send(event, encoded);
        },
        stats() {
          const stats = transport.stats();
          return { ...stats, received: stats.received + dropped, dropped: { ...stats.dropped, opening: dropped } };
        },
      };
    }),
  ),
  brokenSink(
    "send-before-ready",
    "what is sent before the connection is open is sent after what comes later",
    withMethods(({ transport }) => {
      const { isOpen } = opening();
      const early: Parameters<typeof transport.send>[] = [];
      const later = () => {
        for (const args of early.splice(0)) transport.send(...args);
      };
      return {
        send(...args) {
          if (!isOpen()) early.push(args);
          else return transport.send(...args);
        },
        async flush(deadline) {
          later();
          await transport.flush(deadline);
        },
        async close(deadline) {
          later();
          await transport.close(deadline);
        },
        stats() {
          const stats = transport.stats();
          return { ...stats, received: stats.received + early.length, queued: stats.queued + early.length };
        },
      };
    }),
  ),
  brokenSink(
    "close-while-opening",
    "close waits for an opening that it has given up",
    withMethods(({ transport }) => {
      const { isOpen } = opening();
      return {
        async close(deadline) {
          if (!isOpen()) await new Promise(() => {});
          await transport.close(deadline);
        },
      };
    }),
  ),
  brokenSink(
    "close-while-opening",
    "close before the opening leaves the queue as it is",
    withMethods(({ transport }) => {
      const { isOpen } = opening();
      return {
        async close(deadline) {
          if (isOpen()) await transport.close(deadline);
        },
      };
    }),
  ),
];
