import { MemoryTarget } from "../fixtures/memory-target.js";
import { queuedSubject } from "../fixtures/sinks.js";
import { brokenSink, withMethods } from "./broken-sink.js";

/** Holds up everybody. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export const brokenIsolation = [
  brokenSink(
    "isolation",
    "send waits for a failing target before it returns",
    withMethods(({ transport, target }) => {
      let patience = 20;
      return {
        send(event, encoded) {
          if (target.failing && patience-- > 0) block(45);
          return transport.send(event, encoded);
        },
      };
    }),
  ),
  brokenSink("no-escaped-errors", "a failure is logged over a connection of its own, which nobody waits for", () => {
    const target = new MemoryTarget();
    return queuedSubject(
      {
        async write(batch, { signal }) {
          try {
            await target.write(batch, signal);
          } catch (error) {
            void target.write(["{}"]);
            throw error;
          }
        },
      },
      target,
    );
  }),
  brokenSink("no-escaped-errors", "a failure is thrown again from a timer", () => {
    const target = new MemoryTarget();
    return queuedSubject(
      {
        async write(batch, { signal }) {
          try {
            await target.write(batch, signal);
          } catch (error) {
            setTimeout(() => {
              throw error;
            }, 0);
            throw error;
          }
        },
      },
      target,
    );
  }),
];
