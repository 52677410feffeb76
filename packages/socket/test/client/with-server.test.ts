import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createBus } from "@loops/core";
import { type MemoryLogTransport, memoryLogTransport } from "@loops/memory-log";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { followSocket as followInBrowser } from "../../src/client.js";
import {
  followSocket,
  type SocketFeed,
  type SocketItem,
  type SocketTransport,
  socketTransport,
} from "../../src/index.js";

let folder: string;
const endings: (() => unknown)[] = [];
const retry = { baseMs: 1, maxMs: 20 };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-client-"));
});
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
  await rm(folder, { recursive: true, force: true });
});

interface Program {
  readonly log: MemoryLogTransport;
  readonly socket: SocketTransport;
  emit(n: number): void;
}

async function program(options: Parameters<typeof socketTransport>[0], log = memoryLogTransport()): Promise<Program> {
  const bus = createBus();
  const snapshot = () => [{ run_id: "r", status: "running" }];
  const socket = socketTransport({ log, snapshot, onError: () => {}, ...options });
  bus.addTransport(log);
  bus.addTransport(socket);
  await socket.ready();
  endings.push(() => bus.close({ timeoutMs: 1000 }));
  return { log, socket, emit: (n) => bus.emit({ event: n % 2 === 0 ? "even" : "odd", n }) };
}

const owned = (feed: SocketFeed): SocketFeed => {
  endings.push(feed.close);
  return feed;
};

/** Reads up to the event with that number: numbers, and gaps. */
async function readTo(feed: SocketFeed, last: number): Promise<unknown[]> {
  const heard: unknown[] = [];
  for (;;) {
    const { done, value } = await feed.next();
    if (done === true) throw new Error(`ended after ${JSON.stringify(heard)}`);
    if (value.type === "gap") heard.push(`gap ${value.missed}`);
    if (value.type === "event") heard.push(value.event["n"]);
    if (value.type === "event" && value.event["n"] === last) return heard;
  }
}

async function readItem<T extends SocketItem["type"]>(feed: SocketFeed, type: T): Promise<SocketItem & { type: T }> {
  for (;;) {
    const { done, value } = await feed.next();
    if (done === true) throw new Error(`ended before ${type}`);
    if (value.type === type) return value as SocketItem & { type: T };
  }
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

const faces = [
  { face: "a Unix socket", serve: () => ({ path: join(folder, "e.sock") }), follow: unixFeed },
  { face: "a WebSocket", serve: () => ({ websocket: { token: "s3cret" } }), follow: webSocketFeed },
  { face: "a WebSocket of a browser's kind", serve: () => ({ websocket: { token: "s3cret" } }), follow: browserFeed },
] as const;

function unixFeed({ socket }: Program, options: object = {}) {
  return owned(followSocket({ path: socket.address().path ?? "", retry, ...options }));
}
function webSocketFeed({ socket }: Program, options: object = {}) {
  return owned(followSocket({ url: socket.address().url ?? "", token: "s3cret", retry, ...options }));
}
function browserFeed({ socket }: Program, options: object = {}) {
  // The same interface, with what a browser cannot do left out: no headers, no pause, no reason of a refusal.
  const given = { url: socket.address().url ?? "", token: "s3cret", WebSocket: WebSocket as never };
  return owned(followInBrowser({ ...given, retry, ...options }));
}

describe.each(faces)("followed by $face", ({ serve, follow }) => {
  it("shows where runs stand, then every event from that moment on", async () => {
    const running = await program(serve());
    running.emit(1);
    const feed = follow(running);
    expect(await readItem(feed, "snapshot")).toMatchObject({ runs: [{ run_id: "r", status: "running" }] });
    for (const n of numbers(2, 50)) running.emit(n);
    expect(await readTo(feed, 50)).toEqual(numbers(2, 50));
  });

  it("replays from a cursor and goes live with no hole and no double", async () => {
    const running = await program(serve());
    for (const n of numbers(1, 300)) running.emit(n);
    const since = running.log.query({ limit: 100 }).next;
    const feed = follow(running, { since });
    const reading = readTo(feed, 600);
    for (const n of numbers(301, 600)) {
      running.emit(n);
      if (n % 10 === 0) await new Promise(setImmediate);
    }
    expect(await reading).toEqual(numbers(101, 600));
    expect(feed.cursor).toBe(running.log.query({ limit: 0 }).newest);
  });

  it("says how many are gone where the log has evicted them", async () => {
    const running = await program(serve(), memoryLogTransport({ maxEntries: 10 }));
    running.emit(1);
    const since = running.log.query({ limit: 0 }).newest;
    for (const n of numbers(2, 100)) running.emit(n);
    expect(await readTo(follow(running, { since }), 100)).toEqual(["gap 89", ...numbers(91, 100)]);
  });

  it("a slow reader of a log misses nothing that the log still has", async () => {
    const running = await program(serve());
    const feed = follow(running, { maxQueueItems: 5 });
    await readItem(feed, "snapshot");
    for (const n of numbers(1, 2000)) {
      running.emit(n);
      if (n % 100 === 0) await new Promise(setImmediate);
    }
    expect(await readTo(feed, 2000)).toEqual(numbers(1, 2000));
  });

  it.each([1, 3])("a reader that is slow, with room for %i items, gets on", async (maxQueueItems) => {
    const running = await program(serve());
    const feed = follow(running, { maxQueueItems });
    await readItem(feed, "snapshot");
    for (const n of numbers(1, 10)) running.emit(n);
    const heard: unknown[] = [];
    while (heard.length < 10) {
      const { value } = await feed.next();
      if (value?.type === "event") heard.push(value.event["n"]);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(heard).toEqual(numbers(1, 10));
  });

  it("asks for no event where no name is wanted", async () => {
    const running = await program(serve());
    const feed = follow(running, { filter: [] });
    await readItem(feed, "snapshot");
    running.emit(1);
    const next = feed.next();
    await running.socket.close();
    expect((await next).value).toMatchObject({ type: "disconnected" });
  });

  it("gets only what it asked for", async () => {
    const running = await program(serve());
    const feed = follow(running, { filter: ["ev*"], snapshot: false });
    await readItem(feed, "connected");
    for (const n of numbers(1, 10)) running.emit(n);
    expect(await readTo(feed, 10)).toEqual([2, 4, 6, 8, 10]);
  });
});

it("by WebSocket the snapshot is taken once for each connection, and once sent", async () => {
  let taken = 0;
  const snapshot = () => [{ taken: ++taken }];
  const running = await program({ websocket: { token: "s3cret" }, snapshot });
  for (const follow of [webSocketFeed, browserFeed]) await readItem(follow(running), "snapshot");
  expect(taken).toBe(2);
});

describe("a server that is there no more", () => {
  const fixture = fileURLToPath(new URL("./fixtures/emitting-program.mjs", import.meta.url));

  async function start(path: string): Promise<ChildProcess> {
    const child = spawn(process.execPath, [fixture, path], { stdio: ["ignore", "pipe", "inherit"] });
    endings.push(() => child.kill("SIGKILL"));
    await once(child.stdout as NodeJS.ReadableStream, "data");
    return child;
  }

  it("was killed and comes back: the feed goes on, and says that what was in between cannot be known", async () => {
    const path = join(folder, "e.sock");
    const first = await start(path);
    const feed = owned(followSocket({ path, retry }));
    await readItem(feed, "event");
    const gone = once(first, "exit");
    first.kill("SIGKILL");
    await gone;
    expect(await readItem(feed, "disconnected")).toMatchObject({ retryInMs: expect.any(Number) });
    await start(path);
    expect(await readItem(feed, "gap")).toMatchObject({ missed: null });
    await readItem(feed, "event");
  });
});

describe("a server that refuses", () => {
  it.each([["wrong"], [undefined]])("ends the feed for the token %s, and says why", async (token) => {
    const { socket } = await program({ websocket: { token: "s3cret" } });
    const feed = owned(followSocket({ url: socket.address().url ?? "", token, retry }));
    await expect(feed.next()).rejects.toMatchObject({
      code: "LOOPS_SOCKET_REFUSED",
      message: expect.stringMatching(/^\[socket\/client\] ws:\/\/127.0.0.1:\d+\/events: answered 401/),
    });
  });

  it("that has no place left is asked again, until there is one", async () => {
    const running = await program({ path: join(folder, "e.sock"), maxClients: 1 });
    const first = unixFeed(running);
    await readItem(first, "snapshot");
    const second = unixFeed(running);
    await readItem(second, "disconnected");
    first.close();
    expect((await readItem(second, "snapshot")).runs).toHaveLength(1);
  });
});
