import { createBus, type EventInput } from "@loops/core";
import type { Bench, Sides } from "../bench.js";
import { fiveFields } from "../events.js";
import { mitt } from "../mitt.js";

export const emitOneListener: Bench = {
  name: "emit-one-listener",
  what: "emit an event of five fields to one listener; theirs: mitt with the same object",
  unit: "ns/op",
  bar: 6,
  setup: () => oneListener(fiveFields),
};

/** Our bus and mitt, each with one listener for the name of `event`. */
export function oneListener(event: EventInput): Sides {
  return { ours: onOurBus(event), theirs: onMitt(event) };
}

function onOurBus(event: EventInput): Sides["ours"] {
  const bus = createBus();
  let heard = 0;
  bus.on(event.event, (received) => {
    if (received.event === event.event) heard++;
  });
  return {
    run(iterations) {
      heard = 0;
      for (let i = 0; i < iterations; i++) bus.emit(event);
      return heard;
    },
  };
}

function onMitt(event: EventInput): Sides["theirs"] {
  const emitter = mitt<Record<string, EventInput>>();
  let heard = 0;
  emitter.on(event.event, (received) => {
    if (received.event === event.event) heard++;
  });
  return {
    run(iterations) {
      heard = 0;
      for (let i = 0; i < iterations; i++) emitter.emit(event.event, event);
      return heard;
    },
  };
}
