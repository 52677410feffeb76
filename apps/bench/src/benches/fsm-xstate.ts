import { createBus } from "@loops/core";
import { type ActionFunction, functionRunner, memoryStore, runLoop } from "@loops/fsm";
import { createActor, createMachine, fromPromise } from "xstate";
import type { Bench, Side } from "../bench.js";
import { roundTrip } from "../loops.js";

const nodeMajor = Number(process.versions.node.split(".")[0]);

/** Most of what is made in this time is collected in it, and not in that of the other side. */
const runMs = 200;

export const fsmXstate: Bench = {
  name: "fsm-xstate",
  what: "enter states in memory, each with a function and every event on a bus; theirs: XState, invoking a promise",
  unit: "op/s",
  // XState makes an AbortController for each promise, which costs less from Node 24 on.
  bar: nodeMajor >= 24 ? 3 : 4,
  runMs,
  setup: () => ({ ours: inMemory((count) => count), theirs: onXstate() }),
};

export const fsmXstateAsync: Bench = {
  name: "fsm-xstate-async",
  what: "the same with a function that returns a promise: the engine keeps its timeout by a timer, XState keeps none",
  unit: "op/s",
  bar: null,
  runMs,
  setup: () => ({ ours: inMemory((count) => async () => count()), theirs: onXstate() }),
};

function inMemory(actionThat: (count: () => void) => ActionFunction): Side {
  return {
    async run(entries) {
      let acted = 0;
      let entered = 0;
      const bus = createBus();
      bus.on("*", ({ event }) => {
        if (event === "state_enter") entered++;
      });
      const count = actionThat(() => void acted++);
      const { iterations } = await runLoop({
        definition: roundTrip,
        // XState keeps nothing of what was; here the latest events stay readable.
        store: memoryStore({ maxEvents: 1000 }),
        bus,
        runners: { function: functionRunner({ count }) },
        limits: { maxIterations: entries },
      });
      await bus.close();
      return Math.min(acted, entered, iterations);
    },
  };
}

/** One actor that goes round until it has acted so often; nothing is watched or inspected. */
function onXstate(): Side {
  return {
    run: (entries) =>
      new Promise((resolve, reject) => {
        let acted = 0;
        const count = fromPromise(async () => {
          acted++;
          if (acted === entries) finish();
        });
        const machine = createMachine({
          initial: "ping",
          states: {
            ping: { invoke: { src: count, onDone: "pong" } },
            pong: { invoke: { src: count, onDone: "ping" } },
          },
        });
        const actor = createActor(machine);
        const finish = () => {
          // From inside of an entry: the actor stands there only behind it.
          queueMicrotask(() => {
            const { value } = actor.getSnapshot();
            actor.stop();
            if (value === (entries % 2 === 1 ? "ping" : "pong")) resolve(acted);
            else reject(new Error(`after ${entries} states XState is in ${JSON.stringify(value)}`));
          });
        };
        actor.start();
      }),
  };
}
