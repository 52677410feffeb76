import { type Cursor, encodeEvent, stamp } from "@loops/core";
import { memoryLogTransport } from "@loops/memory-log";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";

const pageLength = 100;

export const memoryLogQuery: Bench = {
  name: "memory-log-query",
  what: "query the last 100 of 1,000,000 events by cursor; theirs: the same of 10,000",
  unit: "ns/op",
  bar: 1.2,
  setup: ({ short }) => ({ ours: queriesOf(short ? 10_000 : 1_000_000), theirs: queriesOf(short ? 1000 : 10_000) }),
};

function queriesOf(entries: number): Side {
  const log = memoryLogTransport({ maxEntries: entries, maxBytes: Number.POSITIVE_INFINITY });
  let since: Cursor | undefined;
  for (let i = 0; i < entries; i++) {
    const event = stamp(fiveFields);
    const cursor = log.append(event, encodeEvent(event));
    if (i === entries - pageLength - 1) since = cursor;
  }
  return {
    run(iterations) {
      let found = 0;
      for (let i = 0; i < iterations; i++) found += log.query({ since }).events.length;
      return found / pageLength;
    },
  };
}
