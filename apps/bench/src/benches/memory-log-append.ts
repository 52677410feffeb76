import { type EncodedEvent, encodeEvent, type LoopEvent, stamp } from "@loops/core";
import { memoryLogTransport } from "@loops/memory-log";
import type { Bench, Side, Sides } from "../bench.js";
import { fiveFields } from "../events.js";

export const memoryLogAppend: Bench = {
  name: "memory-log-append",
  what: "append to the log what the bus hands to a sink; theirs: push its JSON on an array that is never shortened",
  unit: "ns/op",
  bar: 2,
  setup: () => appending(encodeEvent),
};

export const memoryLogAppendEncoded: Bench = {
  name: "memory-log-append-encoded",
  what: "the same where another sink has had the event encoded: what is left is a push, and for ours to read the clock",
  unit: "ns/op",
  bar: null,
  setup() {
    const encoded = encodeEvent(stamp(fiveFields));
    void encoded.json;
    return appending(() => encoded);
  },
};

function appending(encode: (event: LoopEvent) => EncodedEvent): Sides {
  return { ours: toLog(encode), theirs: toArray(encode) };
}

function toLog(encode: (event: LoopEvent) => EncodedEvent): Side {
  const event = stamp(fiveFields);
  const transport = memoryLogTransport();
  return {
    run(iterations) {
      const { delivered } = transport.stats();
      for (let i = 0; i < iterations; i++) transport.send(event, encode(event));
      return transport.stats().delivered - delivered;
    },
  };
}

function toArray(encode: (event: LoopEvent) => EncodedEvent): Side {
  const event = stamp(fiveFields);
  let texts: string[] = [];
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i++) texts.push(encode(event).json);
      return texts.length;
    },
    reset() {
      texts = [];
    },
  };
}
