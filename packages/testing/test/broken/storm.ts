import { MemoryTarget } from "../fixtures/memory-target.js";
import { queuedSubject } from "../fixtures/sinks.js";
import { brokenSink, withMethods } from "./broken-sink.js";

/** A sink that does something at each failed attempt. */
function atEachFailure(target: MemoryTarget, onFailure: (error: unknown) => void) {
  return queuedSubject(
    {
      async write(batch, { signal }) {
        try {
          await target.write(batch, signal);
        } catch (error) {
          onFailure(error);
          throw error;
        }
      },
    },
    target,
  );
}

export const brokenStorm = [
  brokenSink("error-storm", "an own onError is called at each failed attempt", ({ onError }) =>
    atEachFailure(new MemoryTarget(), (error) => onError(error, { source: "queued", suppressed: 0 })),
  ),
  brokenSink("error-storm", "failures are kept to itself", () => queuedSubject({ onError: () => {} })),
  brokenSink("emits-on-own-bus", "each failed attempt is an event, which goes the same way", ({ bus }) =>
    atEachFailure(new MemoryTarget(), () => bus.emit({ event: "queued.failed" })),
  ),
  brokenSink(
    "emits-on-own-bus",
    "what is sent while an error is being reported is ignored, lest it goes on for ever",
    withMethods(({ transport }) => {
      let reporting = false;
      return {
        attach(context) {
          transport.attach({
            report(error) {
              reporting = true;
              context.report(error);
              reporting = false;
            },
          });
        },
        send(event, encoded) {
          if (!reporting) return transport.send(event, encoded);
        },
      };
    }),
  ),
];
