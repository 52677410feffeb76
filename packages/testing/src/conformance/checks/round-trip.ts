import { isDeepStrictEqual } from "node:util";
import { encodeEvent, type LoopEvent } from "@loops/core";
import type { Check } from "../check.js";
import type { Harness } from "../harness.js";
import { demand, show } from "../violation.js";

/** Events with so many UTF-16 units fit into any queue, whatever JSON makes of them. */
const UNITS_PER_EVENT = 4096;

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

/** Content comes through, whatever it is. */
export const roundTripChecks: readonly Check[] = [
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
      const bytes = Math.floor(Math.min(1_048_576, maxQueueBytes / 4));
      const fields = { ascii: "x".repeat(bytes), wide: "ä".repeat(bytes / 2) };
      for (const [field, text] of Object.entries(fields)) {
        await requireSame(harness, { [field]: text }, `an event with a field of ${bytes} bytes arrives like any other`);
      }
    },
  },
];

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
  harness.requireArrived([id], observed, expected, { simpler: ["flush-idle"] });
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
