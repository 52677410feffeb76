import { createBus } from "@loops/core";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";
import { mitt } from "../mitt.js";

export const emitNobodyListening: Bench = {
  name: "emit-nobody-listening",
  what: "emit an event of five fields that nobody listens to; theirs: mitt, likewise",
  unit: "ns/op",
  bar: 1,
  setup: () => ({ ours: onOurBus(), theirs: onMitt() }),
};

function onOurBus(): Side {
  const bus = createBus();
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i++) bus.emit(fiveFields);
      return iterations;
    },
  };
}

function onMitt(): Side {
  const emitter = mitt<Record<string, typeof fiveFields>>();
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i++) emitter.emit(fiveFields.event, fiveFields);
      return iterations;
    },
  };
}
