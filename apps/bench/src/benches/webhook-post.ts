import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createBus, isoNow, newEventId } from "@loops/core";
import { webhookTransport } from "@loops/webhook";
import type { Bench, Side, Sides } from "../bench.js";
import { fiveFields } from "../events.js";

export const webhook5ms: Bench = {
  name: "webhook-5ms",
  what: "post batches of 1,000 events to a receiver that answers after 5 ms; theirs: a loop of JSON.stringify and fetch",
  unit: "op/s",
  clock: "wall",
  runMs: 300,
  bar: 0.9,
  setup: () => postTo(5),
};

export const webhookInstant: Bench = {
  name: "webhook-instant",
  what: "the same to a receiver that answers at once",
  unit: "op/s",
  clock: "wall",
  runMs: 200,
  bar: null,
  setup: () => postTo(0),
};

const batchItems = 1000;
/** The queue holds ten batches: what emits without a pause has to wait now and then. */
const batchesPerFlush = 8;

async function postTo(delayMs: number): Promise<Sides> {
  const receiver = await startReceiver(delayMs);
  const ours = onBus(`${receiver.url}ours`);
  return {
    ours,
    theirs: withFetch(`${receiver.url}theirs`),
    async teardown() {
      await ours.close();
      await receiver.end();
    },
  };
}

function onBus(url: string): Side & { close(): Promise<void> } {
  const bus = createBus();
  bus.addTransport(webhookTransport({ url }));
  return {
    ...counted(url, async (batches) => {
      for (let batch = 1; batch <= batches; batch++) {
        for (let n = 0; n < batchItems; n++) bus.emit(fiveFields);
        if (batch % batchesPerFlush === 0 || batch === batches) await bus.flush();
        // A program that emits has other things to do as well.
        else await new Promise((resolve) => setImmediate(resolve));
      }
    }),
    close: async () => void (await bus.close()),
  };
}

/** What one would write instead: the same fields, one request after the other. */
function withFetch(url: string): Side {
  const { event, ...fields } = fiveFields;
  const headers = { "content-type": "application/json" };
  return counted(url, async (batches) => {
    for (let batch = 0; batch < batches; batch++) {
      const events = [];
      for (let n = 0; n < batchItems; n++) events.push({ event, ts: isoNow(), id: newEventId(), ...fields });
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(events) });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`the receiver answered ${response.status}`);
    }
  });
}

/** An operation is a batch: the receiver says how many there were. */
function counted(url: string, post: (batches: number) => Promise<void>): Side {
  let posted = 0;
  let expected = 0;
  return {
    async run(batches) {
      expected += batches;
      await post(batches);
      return batches;
    },
    async reset() {
      posted = Number(await (await fetch(url)).text());
      if (posted !== expected) throw new Error(`the receiver had ${posted} of ${expected} batches`);
    },
  };
}

async function startReceiver(delayMs: number) {
  // Beside this file when it runs as source, and still there when it is bundled.
  const places = ["./webhook-receiver.mjs", "../src/benches/webhook-receiver.mjs"];
  const script = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
  const child = fork(script ?? "", [String(delayMs)], { execArgv: [] });
  const [port] = await once(child, "message");
  return {
    url: `http://127.0.0.1:${port}/`,
    async end() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
