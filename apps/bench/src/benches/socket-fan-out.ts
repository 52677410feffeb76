import type { Bench } from "../bench.js";
import { temporaryFolder } from "../temporary-folder.js";
import { bareEmitter, ClientProcess, type Face, inTurns, ourEmitter } from "./socket-sides.js";

const clients = 8;
/** The end of a run is a message to the clients' process and back. */
const runMs = 150;

function fanOut(face: Face, eventsPerTurn: number): Bench["setup"] {
  return async () => {
    const folder = temporaryFolder();
    const process = new ClientProcess();
    const ours = await ourEmitter(face, folder.path);
    const theirs = await bareEmitter(face, folder.path);
    await process.open("ours", ours, clients);
    await process.open("theirs", theirs, clients);
    return {
      ours: inTurns(ours, eventsPerTurn, (total) => process.reach("ours", total)),
      theirs: inTurns(theirs, eventsPerTurn, (total) => process.reach("theirs", total)),
      async teardown() {
        await ours.close();
        await theirs.close();
        await process.end();
        folder.remove();
      },
    };
  };
}

const eight = "to 8 clients that read in another process; theirs: the JSON once, and for each client";

export const socketUnix1: Bench = {
  name: "socket-unix-1",
  what: `one event a turn over a Unix socket ${eight} a write`,
  unit: "op/s",
  runMs,
  bar: 0.8,
  setup: fanOut("unix", 1),
};

export const socketUnix500: Bench = {
  name: "socket-unix-500",
  what: "the same with 500 events a turn",
  unit: "op/s",
  runMs,
  bar: 4,
  setup: fanOut("unix", 500),
};

export const socketWs1: Bench = {
  name: "socket-ws-1",
  what: `one event a turn over WebSockets ${eight} a send of ws`,
  unit: "op/s",
  runMs,
  bar: 0.7,
  setup: fanOut("websocket", 1),
};

export const socketWs500: Bench = {
  name: "socket-ws-500",
  what: "the same with 500 events a turn",
  unit: "op/s",
  runMs,
  bar: 4,
  setup: fanOut("websocket", 500),
};
