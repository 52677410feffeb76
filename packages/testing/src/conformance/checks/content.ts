import { inspect, isDeepStrictEqual } from "node:util";
import { encodeEvent, type LoopEvent, type Transport } from "@loops/core";
import type { Check } from "../check.js";
import { demand, type Harness } from "../harness.js";

/** Values that sinks like to damage. */
function awkwardFields(largeChars: number): Record<string, unknown> {
  return {
    text: "ümlaut, 漢字, 🎉, e\u0301",
    controls: "NUL \0, escape \u001b, line ends \n \r\n \u2028 \u2029, tab \t",
    surrogates: "lone high \ud800, lone low \udc00, wrong order \udc00\ud800",
    quoting: "\"double\" 'single' `back` \\ backslash, %s </script>, \ufeff mark",
    empty: { text: "", list: [], object: {}, null: null, "": "a field without a name" },
    numbers: [0, -1, 1.5, 1e21, 1e-7, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE],
    nested: { list: [{ deep: [[["x"]]] }], flag: false, "key with \0 and ü": true },
    large: "ä".repeat(largeChars),
  };
}

/** The events that a sink was handed are everybody's: content comes through, and none of it is changed. */
export const contentChecks: readonly Check[] = [
  {
    id: "round-trip",
    title: "every text and value comes back as it was sent: unicode, NUL, lone surrogates, large fields",
    needs: ["round-trip"],
    mend: "Write encoded.json, encoded.line or encoded.bytes as they are; do not serialise or cut the event again.",
    async run(harness) {
      const { maxQueueBytes = 4 * 65_536 } = harness.capabilities.bounds ?? {};
      const large = Math.min(65_536, maxQueueBytes >> 3);
      let expected: LoopEvent | undefined;
      // Encoded before any sink sees it, in case the transport changes the event.
      harness.bus.on((event) => {
        expected = JSON.parse(encodeEvent(event).json) as LoopEvent;
      });
      const [id = ""] = harness.emit(1, awkwardFields(large));
      await harness.flush();
      const observed = await harness.observe([id]);
      harness.requireArrived([id], observed, "an event with awkward fields arrives like any other");
      const arrived = observed.find((event) => event.id === id);
      for (const [field, value] of Object.entries(expected ?? {})) {
        const seen = () => `the field "${field}" came back as ${show(arrived?.[field])}`;
        demand(isDeepStrictEqual(arrived?.[field], value), `${field}: ${show(value)}`, seen);
      }
    },
  },
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

function show(value: unknown): string {
  const text = inspect(value, { depth: 4, maxStringLength: 80, compact: true, breakLength: Number.POSITIVE_INFINITY });
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
