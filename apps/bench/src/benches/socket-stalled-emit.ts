import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createBus } from "@loops/core";
import { socketTransport } from "@loops/socket";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";
import { temporaryFolder } from "../temporary-folder.js";

export const socketStalledEmit: Bench = {
  name: "socket-stalled-emit",
  what: "emit to a client that has stopped to read, and whose queue is full; theirs: to one that reads",
  unit: "ns/op",
  bar: 1.1,
  async setup() {
    const folder = temporaryFolder();
    const stalled = await emitting(join(folder.path, "stalled.sock"), false);
    const reading = await emitting(join(folder.path, "reading.sock"), true);
    return {
      ours: stalled.side,
      theirs: reading.side,
      async teardown() {
        await stalled.close();
        await reading.close();
        folder.remove();
      },
    };
  },
};

/** So many in a turn, as a busy loop would. */
const eventsPerTurn = 10;

async function emitting(path: string, reads: boolean): Promise<{ side: Side; close(): Promise<void> }> {
  const transport = socketTransport({ path, onError: () => {}, clientCloseTimeoutMs: 10 });
  await transport.ready();
  const bus = createBus();
  bus.addTransport(transport);
  const client: Socket = connect(path).on("error", () => {});
  await once(client, "connect");
  if (reads) client.resume();
  while (transport.clients.connected === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  while (!reads && transport.clients.droppedFrames === 0) {
    bus.emit({ ...fiveFields, fill: "x".repeat(10_000) });
    await turn();
  }
  return {
    side: {
      async run(iterations) {
        const { received } = transport.stats();
        for (let n = 0; n < iterations; n++) {
          bus.emit(fiveFields);
          if (n % eventsPerTurn === eventsPerTurn - 1) await turn();
        }
        return transport.stats().received - received;
      },
    },
    async close() {
      client.destroy();
      await bus.close();
    },
  };
}
