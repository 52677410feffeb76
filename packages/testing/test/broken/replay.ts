import { gap, type RingLogRules, ringSink, ringSubject } from "../fixtures/ring-log.js";
import type { BrokenSink } from "./broken-sink.js";

function brokenLog(breaks: string, defect: string, rules: Partial<RingLogRules>): BrokenSink {
  return { ...ringSink, breaks, defect, create: () => ringSubject(rules) };
}

export const brokenReplay = [
  brokenLog("replay", "a query begins with the entry that since names", { skip: 0 }),
  brokenLog("replay-gap", "a query does not compare since with the oldest entry", { isGap: (_a, _f, known) => !known }),
  brokenLog("replay-gap", "a tail goes on behind what is missing without a word", {
    gapItem: (missed, cursor) => (missed === null ? gap(missed, cursor) : undefined),
  }),
  brokenLog("replay-gap", "a tail counts the entry that the reader had as missing", {
    gapItem: (missed, cursor) => gap(missed === null ? null : missed + 1, cursor),
  }),
  brokenLog("replay-gap", "a reader that goes on from a gap is told of it again", {
    gapItem: (missed) => gap(missed, "ring:0"),
  }),
  brokenLog("replay-epoch", "of a cursor only the number is read", { knowsEpoch: () => true }),
];
