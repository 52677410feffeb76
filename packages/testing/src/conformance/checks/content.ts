import { isDeepStrictEqual } from "node:util";
import { encodeEvent, type LoopEvent, type Transport } from "@loops/core";
import type { Check } from "../check.js";
import type { Harness } from "../harness.js";
import { demand, show } from "../violation.js";

/** Values that sinks like to damage. */
function awkwardFields(): Record<string, unknown> {
  return {
    text: "ümlaut, 漢字, 🎉, e\u0301",
    controls: "NUL \0, escape \u001b, line ends \n \r\n \u2028 \u2029, tab \t",
    surrogates: "lone high \ud800, lone low \udc00, wrong order \udc00\ud800",
    quoting: "\"double\" 'single' `back` \\ backslash, %s </script>, \ufeff mark",
    empty: { text: "", list: [], object: {}, null: null, "": "a field without a name" },
    numbers: [0, -1, 1.5, 1e21, 1e-7, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE],
    nested: { list: [{ deep: [[["x"]]] }], flag: false, "key with \0 and ü": true },
    // As JSON.parse makes it: an ordinary field that happens to be called so.
    names: JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "toString": "x", "length": 0, "0": "zero"}'),
    joined: "👩‍👩‍👧‍👦 family, right to \u202eleft\u202c, \ufffe and \uffff are no characters, \ufffd was one",
  };
}

/** The events that a sink was handed are everybody's: content comes through, and none of it is changed. */
export const contentChecks: readonly Check[] = [
  {
    id: "round-trip",
    title: "every text and value comes back as it was sent: unicode, NUL, lone surrogates",
    needs: ["round-trip"],
    mend: "Write encoded.json, encoded.line or encoded.bytes as they are; do not serialise or cut the event again.",
    async run(harness) {
      await requireSame(harness, awkwardFields(), "an event with awkward fields arrives like any other");
      for (let first = 0; first < 0x1_0000; first += UNITS_PER_EVENT) {
        const units = Array.from({ length: UNITS_PER_EVENT }, (_, i) => String.fromCharCode(first + i)).join("");
        const range = `U+${first.toString(16).padStart(4, "0")} and the ${UNITS_PER_EVENT - 1} units that follow`;
        await requireSame(harness, { units }, `an event with ${range} arrives like any other`);
      }
    },
  },
  {
    id: "large-field",
    title: "a field of 1 MiB, or of a quarter of maxQueueBytes, comes back as it was sent",
    needs: ["round-trip"],
    mend: "Cut nothing without a sign: drop and count what the target cannot take, or let the bus make a stub (maxEventBytes).",
    async run(harness) {
      const { maxQueueBytes = Number.POSITIVE_INFINITY } = harness.capabilities.bounds ?? {};
      const bytes = Math.min(1_048_576, maxQueueBytes / 4);
      const fields = { ascii: "x".repeat(bytes), wide: "ä".repeat(bytes / 2) };
      for (const [field, text] of Object.entries(fields)) {
        await requireSame(harness, { [field]: text }, `an event with a field of ${bytes} bytes arrives like any other`);
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
          { mend: "Copy the bytes before you change them (Buffer.from(encoded.bytes)): all sinks share one buffer." },
        );
      }
    },
  },
];

/** Events with so many UTF-16 units fit into any queue, whatever JSON makes of them. */
const UNITS_PER_EVENT = 4096;

/** Requires that an event with `fields` arrives, and with what its encoded form says. */
async function requireSame(harness: Harness, fields: Record<string, unknown>, expected: string): Promise<void> {
  let emitted: LoopEvent | undefined;
  // Encoded before any sink sees it, in case the transport changes the event.
  const stop = harness.bus.on((event) => {
    emitted = JSON.parse(encodeEvent(event).json) as LoopEvent;
  });
  const [id = ""] = harness.emit(1, fields);
  stop();
  await harness.flush();
  const observed = await harness.observeEventually([id]);
  harness.requireArrived([id], observed, expected);
  const arrived = observed.find((event) => event.id === id);
  for (const [field, value] of Object.entries(emitted ?? {})) {
    const came = arrived?.[field];
    const seen = () => `the field "${field}" came back as ${show(came)}${differenceOf(value, came)}`;
    demand(isDeepStrictEqual(came, value), `${field}: ${show(value)}`, seen);
  }
}

/** Where two texts begin to differ, for messages: long ones look the same at their beginning. */
function differenceOf(value: unknown, came: unknown): string {
  if (typeof value !== "string" || typeof came !== "string") return "";
  let at = 0;
  while (at < value.length && value[at] === came[at]) at++;
  return `; of ${value.length} UTF-16 units ${came.length} came, and unit ${at} is the first that differs`;
}

/** A second sink behind the subject, that keeps the encoded forms it is handed. */
function addWitness(harness: Harness): Parameters<Transport["send"]>[1][] {
  const shared: Parameters<Transport["send"]>[1][] = [];
  harness.bus.addTransport({ name: "witness", send: (_event, encoded) => void shared.push(encoded), close() {} });
  return shared;
}
