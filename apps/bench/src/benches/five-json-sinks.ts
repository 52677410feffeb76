import { createBus, type Transport } from "@loops/core";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";

const sinkCount = 5;
/** A sink forgets its lines as it would after writing a batch: else this would measure how memory is kept. */
const linesPerBatch = 1000;
const nodeMajor = Number(process.versions.node.split(".")[0]);

export const fiveJsonSinks: Bench = {
  name: "five-json-sinks",
  what: "emit to five sinks that keep JSON lines in memory; theirs: the same bus, each sink serialising for itself",
  unit: "op/s",
  // JSON.stringify itself became faster in Node 22: there is less to save.
  bar: nodeMajor >= 22 ? 2.7 : 3,
  setup: () => ({
    ours: withSinks((lines) => (_event, encoded) => void lines.push(encoded.line)),
    theirs: withSinks((lines) => (event) => void lines.push(`${JSON.stringify(event)}\n`)),
  }),
};

function withSinks(createSend: (lines: string[]) => Transport["send"]): Side {
  const bus = createBus();
  let received = 0;
  for (let sink = 0; sink < sinkCount; sink++) {
    const lines: string[] = [];
    const send = createSend(lines);
    bus.addTransport({
      send(event, encoded) {
        send(event, encoded);
        received++;
        if (lines.length === linesPerBatch) lines.length = 0;
      },
      close() {},
    });
  }
  return {
    run(iterations) {
      received = 0;
      for (let i = 0; i < iterations; i++) bus.emit(fiveFields);
      return received / sinkCount;
    },
  };
}
