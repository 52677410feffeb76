import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { transportConformance } from "@loops/testing";
import { test } from "vitest";
import { httpLinesTransport } from "./http-lines.js";

const bounds = { maxQueueItems: 200, maxQueueBytes: 65_536 };

transportConformance({
  test,
  name: "http-lines",
  capabilities: { queued: true, faults: ["fail", "stall", "poison"], bounds },
  async create() {
    const receiver = await startReceiver();
    return {
      transport: httpLinesTransport({
        url: receiver.url,
        ...bounds,
        retry: { baseMs: 10, maxMs: 50, maxRetries: 1000 },
      }),
      observe: () => receiver.lines.map((line) => JSON.parse(line)),
      faults: receiver.faults,
      cleanup: receiver.close,
    };
  },
});

/** A real server that keeps the lines it is sent, can be told to fail or to stall, and refuses a batch with a bad line. */
async function startReceiver() {
  const lines: string[] = [];
  const stalled = new Set<ServerResponse>();
  const poison = new Set<string>();
  let mood: "well" | "failing" | "stalling" = "well";
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (mood === "stalling") return void stalled.add(response);
    if (mood === "failing") return void response.writeHead(503).end();
    const sent = body.trimEnd().split("\n");
    if (sent.some((line) => poison.has(JSON.parse(line).id))) return void response.writeHead(400).end();
    lines.push(...sent);
    response.writeHead(204).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    lines,
    faults: {
      fail() {
        mood = "failing";
      },
      stall() {
        mood = "stalling";
      },
      poison(id: string) {
        poison.add(id);
      },
      heal() {
        mood = "well";
        for (const response of stalled) response.writeHead(503).end();
        stalled.clear();
      },
    },
    async close() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}
