import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transportConformance } from "@loops/testing";
import { test } from "vitest";
import { WebSocket } from "ws";
import { socketTransport } from "../src/socket-transport.js";
import { type Frames, LineClient, MessageClient, until } from "./live-clients.js";

/** More than the operating system takes for a client that does not read. */
const ballast = { unix: "x".repeat(1_000_000), websocket: "x".repeat(4_000_000) };
const bounds = { maxQueueItems: 200, maxQueueBytes: 12_000_000 };

for (const face of ["unix", "websocket"] as const) {
  transportConformance({
    test: (name, run) => test(name, { timeout: 20_000 }, run),
    name: `socket, ${face}`,
    capabilities: {
      queued: true,
      // A broadcast has nobody to fail against: a connection that breaks is a client less.
      faults: ["stall"],
      bounds,
      observeLagMs: 300,
      script: new URL("./fixtures/ends-by-itself.mjs", import.meta.url),
    },
    async create({ onError }) {
      const directory = mkdtempSync(join(tmpdir(), "loops-so-"));
      let heavy = false;
      const transport = socketTransport({
        path: face === "unix" ? join(directory, "kit.sock") : false,
        websocket: face === "websocket",
        maxClients: 1000,
        maxClientFrames: bounds.maxQueueItems,
        maxClientBytes: bounds.maxQueueBytes,
        // Longer than the kit stalls a client for, however busy the machine: a flush drops nothing by then.
        clientCloseTimeoutMs: 5000,
        snapshot: () => (heavy ? [{ ballast: ballast[face] }, { ballast: ballast[face] }] : []),
        onError,
      });
      await transport.ready();
      const { path = "", url = "" } = transport.address();
      const reader: Frames = face === "unix" ? new LineClient(path) : new MessageClient(url);
      await until(() => transport.clients.connected === 1, "the reader is connected");

      // A client that takes its snapshot too slowly: what is emitted meanwhile waits for it.
      let stuck: { resume(): void; end(): void } | undefined;
      return {
        transport,
        observe: () => reader.events as never,
        faults: {
          async stall() {
            // Closed: there is nothing to stall any more.
            const listening = transport.address();
            if (stuck !== undefined || (listening.path ?? listening.url) === undefined) return;
            heavy = true;
            stuck = face === "unix" ? stuckLines(path) : await stuckMessages(url);
            await until(() => transport.clients.queuedBytes > 0 && transport.clients.connected > 1, "it is stuck");
          },
          heal() {
            heavy = false;
            stuck?.resume();
            stuck = undefined;
          },
        },
        cleanup() {
          stuck?.end();
          (reader as LineClient | MessageClient).socket instanceof WebSocket
            ? (reader as MessageClient).socket.terminate()
            : (reader as LineClient).socket.destroy();
          rmSync(directory, { recursive: true, force: true });
        },
      };
    },
  });
}

function stuckLines(path: string) {
  const socket = connect(path).on("error", () => {});
  return { resume: () => void socket.resume(), end: () => void socket.destroy() };
}

async function stuckMessages(url: string) {
  const socket = new WebSocket(url).on("error", () => {});
  await new Promise((resolve) => socket.once("open", resolve));
  socket.pause();
  return { resume: () => socket.resume(), end: () => socket.terminate() };
}
