import { queuedSubject, scriptOf } from "../fixtures/sinks.js";
import { type BrokenSink, brokenSink, capabilities } from "./broken-sink.js";

/** Not the transport is broken here, but what it is given to the kit with. */
function declaring(breaks: string, defect: string, declared: BrokenSink["capabilities"]): BrokenSink {
  return { ...brokenSink(breaks, defect, () => queuedSubject()), capabilities: declared };
}

export const brokenSurroundings = [
  declaring("declaration", "a fault that create() returns is not declared", {
    ...capabilities,
    faults: ["fail", "poison", "crash"],
  }),
  declaring("no-open-handles", "a timer is left behind", { ...capabilities, script: scriptOf("never-ends") }),
  declaring("no-open-handles", "the process ends with an error", {
    ...capabilities,
    script: scriptOf("ends-with-error"),
  }),
];
