import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { requireProgram } from "../../../../scripts/services/require-program.js";
import { type ActivityHandler, type ActivityHandlerOptions, createActivityHandler } from "../../src/http.js";
import { type MemoryLogOptions, type MemoryLogTransport, memoryLogTransport } from "../../src/index.js";
import { type ActivityServer, serve } from "./activity-server.js";
import { SseReader } from "./sse-reader.js";

const curl = await requireProgram("curl", "the endpoint with curl");

const servers: ActivityServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
});

/** Waits for a condition; how long that takes is the machine's business. */
const eventually = (condition: () => void) => vi.waitFor(condition, { timeout: 20_000 });

interface Started {
  readonly log: MemoryLogTransport;
  readonly handler: ActivityHandler;
  readonly server: ActivityServer;
  emit(name: string, fields?: Record<string, unknown>): string;
}

async function start(options?: ActivityHandlerOptions, bounds?: MemoryLogOptions): Promise<Started> {
  const log = memoryLogTransport(bounds);
  const handler = createActivityHandler(log, options);
  const server = await serve(handler);
  servers.push(server);
  let count = 0;
  const emit = (event: string, fields = {}) => log.append({ event, ts: "", id: `node-${++count}`, ...fields });
  return { log, handler, server, emit };
}

/** A client that asks for the stream on a socket of its own, and reads nothing unless it is told to. */
async function rawClient(server: ActivityServer): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  socket.pause();
  socket.write("GET /?stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return socket;
}

async function get(url: string): Promise<IncomingMessage> {
  const [response] = (await once(httpRequest(url, { agent: false }).end(), "response")) as [IncomingMessage];
  return response;
}

describe("on a Node server", () => {
  it("a stream that is read arrives event by event", async () => {
    const { server, emit } = await start();
    const response = await fetch(`${server.url}?stream`);
    const events = new SseReader(response.body);
    emit("a");
    await events.until(1);
    emit("b");
    expect((await events.until(2)).shown).toEqual(["a", "b"]);
    await events.cancel();
  });

  it("a client that vanishes without a word ends its tail", async () => {
    const { server, handler } = await start();
    const socket = await rawClient(server);
    await eventually(() => expect(handler.openStreams).toBe(1));
    socket.destroy();
    await eventually(() => expect([handler.openStreams, server.sockets.size]).toEqual([0, 0]));
  });

  it("a client that does not read makes nothing grow: it falls behind and is told by how much", async () => {
    const { server, emit, handler } = await start({ heartbeatMs: 1 }, { maxEntries: 100 });
    const response = await get(`${server.url}?stream`);
    expect(handler.openStreams).toBe(1);
    const text = "x".repeat(10_000);
    const total = 5000;
    for (let n = 1; n <= total; n++) {
      emit("e", { n, text });
      if (n % 50 === 0) await new Promise(setImmediate);
    }
    // 50 MB were emitted. What the process holds of it is the log, and what one response may buffer.
    const [held] = [...server.sockets].map((socket) => socket.writableLength);
    expect(held).toBeLessThan(256 * 1024);

    // When it reads again, what it gets and what it is told adds up.
    const events = new SseReader(webStream(response));
    let last = 0;
    while (last < total) {
      await events.read();
      last = events.messages.reduce((sum, { event, data }) => sum + (event === "gap" ? JSON.parse(data).missed : 1), 0);
    }
    expect(last).toBe(total);
    expect(events.messages.some(({ event }) => event === "gap")).toBe(true);
    expect(JSON.parse(events.messages.at(-1)?.data ?? "")).toMatchObject({ n: total });
    response.destroy();
  });

  it("100 streams, of which 30 vanish and 10 stop reading: no leak, and all others get every event", async () => {
    const { server, emit, handler, log } = await start({}, { maxEntries: 2000 });
    const total = 800;
    const responses = await Promise.all(Array.from({ length: 60 }, () => get(`${server.url}?stream&event=small`)));
    const readers = responses.map((response) => new SseReader(webStream(response)));
    // These get the large events, too, more than fits on the way to them.
    const vanishing = await Promise.all(Array.from({ length: 30 }, () => rawClient(server)));
    const stalled = await Promise.all(Array.from({ length: 10 }, () => rawClient(server)));
    await eventually(() => expect(handler.openStreams).toBe(100));
    expect(server.sockets.size).toBe(100);

    const read = Promise.all(readers.map((reader) => reader.until(total)));
    const text = "x".repeat(20_000);
    for (let n = 1; n <= total; n++) {
      emit("small", { n });
      if (n % 2 === 0) emit("large", { text });
      // One after another, in the middle of everything.
      if (n % 25 === 0) vanishing[n / 25 - 1]?.destroy();
      if (n % 10 === 0) await new Promise(setImmediate);
    }
    for (const { messages } of await read) {
      expect(messages.map(({ data }) => JSON.parse(data).n)).toEqual(Array.from({ length: total }, (_, n) => n + 1));
    }
    await eventually(() => expect([handler.openStreams, server.sockets.size]).toEqual([70, 70]));
    for (const socket of server.sockets) expect(socket.writableLength).toBeLessThan(256 * 1024);

    log.close();
    await Promise.all(readers.map((reader) => reader.toEnd()));
    expect(handler.openStreams).toBeLessThanOrEqual(10);
    for (const socket of stalled) socket.destroy();
    for (const response of responses) response.destroy();
    await eventually(() => expect([handler.openStreams, server.sockets.size]).toEqual([0, 0]));
  });

  it("streams that come and go leave no timer and no socket in the process", async () => {
    const { server, handler, emit } = await start();
    const resources = () => process.getActiveResourcesInfo().filter((name) => /Timeout|TCPSocket/.test(name)).length;
    const before = resources();
    for (let round = 0; round < 5; round++) {
      const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(server)));
      await eventually(() => expect(handler.openStreams).toBe(20));
      emit("e");
      for (const client of clients) client.destroy();
      await eventually(() => expect([handler.openStreams, server.sockets.size]).toEqual([0, 0]));
    }
    await eventually(() => expect(resources()).toBeLessThanOrEqual(before));
  });

  it("a request under another name can be refused, so that no page reaches it by a name of its own", async () => {
    const authorize = (request: Request) => ["127.0.0.1", "localhost"].includes(new URL(request.url).hostname);
    const { server } = await start({ authorize });
    const status = async (host: string) => {
      const request = httpRequest(server.url, { agent: false, headers: { host } }).end();
      const [response] = (await once(request, "response")) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    expect([await status("localhost:80"), await status("rebound.evil.example")]).toEqual([200, 403]);
  });
});

describe.skipIf(curl === undefined)("curl", () => {
  const run = async (...args: string[]) => (await promisify(execFile)(curl ?? "", ["-sS", ...args])).stdout;

  it("reads pages, and goes on with next", async () => {
    const { server, emit, log } = await start();
    for (const name of ["a", "b", "c"]) emit(name);
    const page = JSON.parse(await run(`${server.url}?limit=2`));
    expect(page).toEqual(log.query({ limit: 2 }));
    expect(JSON.parse(await run(`${server.url}?since=${page.next}`)).events).toHaveLength(1);
    expect(await run("-I", server.url)).toMatch(/^HTTP\/1.1 200/);
    expect(await run("-o", "-", "-w", " %{http_code}", "-X", "POST", server.url)).toBe(
      '{"error":"POST is not possible here; use GET"} 405',
    );
  });

  it("-N follows the stream from where it was, to the end of the log", async () => {
    const { server, emit, log, handler } = await start();
    const seen = emit("seen");
    const args = ["-sSN", "-H", "Accept: text/event-stream", "-H", `Last-Event-ID: ${seen}`, server.url];
    const child = spawn(curl ?? "", args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
    await eventually(() => expect(text).toBe("retry: 2000\n\n"));
    const cursor = emit("live", { n: 1 });
    await eventually(() => {
      expect(text.slice(13)).toBe(`id: ${cursor}\ndata: {"event":"live","ts":"","id":"node-2","n":1}\n\n`);
    });
    log.close();
    expect(await once(child, "close")).toEqual([0, null]);
    expect(handler.openStreams).toBe(0);
  });
});

/** The body of a response as a stream that hands on the pressure. */
function webStream(response: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = response[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}
