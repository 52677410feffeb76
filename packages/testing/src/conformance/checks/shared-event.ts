import { isDeepStrictEqual } from "node:util";
import type { Transport } from "@loops/core";
import type { Check } from "../check.js";
import type { Harness } from "../harness.js";
import { demand, show } from "../violation.js";

/** The events that a sink was handed are everybody's: they stay as they are, and what is sent does, too. */
export const sharedChecks: readonly Check[] = [
  {
    id: "snapshot",
    title: "what the caller does to its objects after emit changes nothing that was sent",
    needs: ["round-trip"],
    mend: "Keep the encoded form of an event until it is written (read encoded.json in send), never the event itself.",
    async run(harness) {
      const inputs = Array.from({ length: 3 }, (_, n) => ({ event: "conformance", n, nested: { value: "as sent" } }));
      for (const input of inputs) {
        harness.emitOne(input);
        input.nested.value = "changed after emit";
        input.event = "changed";
      }
      const ids = harness.emitted.map((event) => event.id);
      await harness.flush();
      const observed = await harness.observe(ids);
      harness.requireArrived(ids, observed, "3 events whose objects are changed after emit arrive like any other");
      for (const id of ids) {
        const arrived = observed.find((event) => event.id === id);
        const seen = () => show({ event: arrived?.["event"], nested: arrived?.["nested"] });
        const same =
          isDeepStrictEqual(arrived?.["nested"], { value: "as sent" }) && arrived?.["event"] === "conformance";
        demand(same, 'event: "conformance", nested: { value: "as sent" }', seen);
      }
    },
  },
  {
    id: "event-untouched",
    title: "the event and its encoded form are shared with other sinks, and left as they are",
    needs: [],
    mend: "Copy before you change: { ...event, extra }, and Buffer.from(encoded.bytes) before writing into it.",
    async run(harness) {
      const before: unknown[] = [];
      const stop = harness.bus.on((event) => before.push(structuredClone(event)));
      const shared = addWitness(harness);
      harness.emit(5, { nested: { list: [1, { two: 2 }] } });
      await harness.flush();
      await harness.turns();
      stop();
      for (const [index, encoded] of shared.entries()) {
        const event = harness.emitted[index];
        const seen = () => `after the transport had it, event ${index} is ${show(event)}`;
        demand(isDeepStrictEqual(event, before[index]), `event ${index} stays ${show(before[index])}`, seen);
        const intact = Buffer.from(encoded.line).equals(encoded.bytes);
        demand(
          intact,
          "encoded.bytes stays the UTF-8 of encoded.line",
          `the bytes of event ${index} were written into`,
          { mend: "Copy the bytes before you change them (Buffer.from(encoded.bytes)): all sinks share one buffer." },
        );
      }
    },
  },
];

/** A second sink behind the subject, that keeps the encoded forms it is handed. */
function addWitness(harness: Harness): Parameters<Transport["send"]>[1][] {
  const shared: Parameters<Transport["send"]>[1][] = [];
  harness.bus.addTransport({ name: "witness", send: (_event, encoded) => void shared.push(encoded), close() {} });
  return shared;
}
