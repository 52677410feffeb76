import type { Bench, Side } from "../bench.js";
import { temporaryFolder } from "../temporary-folder.js";
import { bareEmitter, ClientProcess, ourEmitter, type TargetedEmitter } from "./socket-sides.js";

const clients = 8;
const eventsPerMs = 10;

export const socketLatency: Bench = {
  name: "socket-latency",
  what: `from emit until ${clients} clients in another process have the event and one message says so, at 10,000 events a second; theirs: a write to each client`,
  unit: "ns/op",
  bar: null,
  least: 2_000_000,
  clock: "wall",
  runMs: 200,
  async setup() {
    const folder = temporaryFolder();
    const process = new ClientProcess();
    const ours = await ourEmitter("unix", folder.path);
    const theirs = await bareEmitter("unix", folder.path);
    await process.open("ours", ours, clients);
    await process.open("theirs", theirs, clients);
    return {
      ours: underLoad(ours, (total) => process.reach("ours", total)),
      theirs: underLoad(theirs, (total) => process.reach("theirs", total)),
      async teardown() {
        await ours.close();
        await theirs.close();
        await process.end();
        folder.remove();
      },
    };
  },
};

/** One event after the other, each waited for, while others are emitted at a steady pace. */
function underLoad(emitter: TargetedEmitter, arrived: (total: number) => Promise<void>): Side {
  let total = 0;
  return {
    async run(iterations) {
      let due = performance.now();
      const load = setInterval(() => {
        for (const now = performance.now(); due < now; due += 1 / eventsPerMs) {
          emitter.emit();
          total++;
        }
      }, 1);
      for (let done = 0; done < iterations; done++) {
        emitter.emit();
        await arrived(++total);
      }
      clearInterval(load);
      return iterations;
    },
  };
}
