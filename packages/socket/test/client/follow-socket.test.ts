import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { followSocket } from "../../src/client/node/follow-socket.js";
import type { SocketFeed } from "../../src/client/socket-feed.js";
import type { SocketItem } from "../../src/client.js";
import { entry, event, hello, ScriptedServer, say } from "./scripted-server.js";

let folder: string;
let path: string;
const servers: ScriptedServer[] = [];
const retry = { baseMs: 1, maxMs: 5 };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-follow-"));
  path = join(folder, "events.sock");
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function serve(script: ConstructorParameters<typeof ScriptedServer>[1]): Promise<ScriptedServer> {
  const server = new ScriptedServer(path, script);
  servers.push(server);
  return server.start();
}

/** Reads on until `count` items that `wanted` names have come. */
async function read(feed: SocketFeed, count: number, wanted: readonly SocketItem["type"][]): Promise<SocketItem[]> {
  const items: SocketItem[] = [];
  while (items.length < count) {
    const { done, value } = await feed.next();
    if (done === true) break;
    if (wanted.includes(value.type)) items.push(value);
  }
  return items;
}

const numbers = (items: readonly SocketItem[]) =>
  items.map((item) =>
    item.type === "event" ? item.event["n"] : item.type === "gap" ? `gap ${item.missed}` : item.type,
  );

describe("followSocket", () => {
  it("asks for what it was told to, and yields what comes, with cursors", async () => {
    const server = await serve((socket) => say(socket, hello("e:0"), entry(1), entry(2)));
    const feed = followSocket({ path, filter: ["st*"], snapshot: false, retry });
    expect(await read(feed, 3, ["connected", "event"])).toEqual([
      { type: "connected", replay: true, cursor: "e:0", attempt: 1 },
      { type: "event", event: event(1), cursor: "e:1" },
      { type: "event", event: event(2), cursor: "e:2" },
    ]);
    expect(server.requests).toEqual([{ filter: ["st*"], snapshot: false }]);
    expect(feed.cursor).toBe("e:2");
    feed.close();
  });

  it("goes on at its cursor when the connection is lost, as often as it is", async () => {
    const server = await serve((socket, request: { since?: string }) => {
      const from = Number(request.since?.slice(2) ?? 0);
      say(socket, hello("e:9"), entry(from + 1), entry(from + 2));
      socket.end();
    });
    const feed = followSocket({ path, since: "e:4", retry });
    expect(numbers(await read(feed, 6, ["event", "gap"]))).toEqual([5, 6, 7, 8, 9, 10]);
    expect(server.requests).toMatchObject([{ since: "e:4" }, { since: "e:6" }, { since: "e:8" }]);
    feed.close();
  });

  it("one that was lost before its first event goes on where it had joined", async () => {
    const server = await serve((socket, _request, n) => {
      say(socket, hello(`e:${7 + n}`));
      socket.end();
    });
    const feed = followSocket({ path, retry });
    await read(feed, 3, ["connected"]);
    expect(server.requests.slice(0, 3)).toMatchObject([{ snapshot: true }, { since: "e:7" }, { since: "e:7" }]);
    feed.close();
  });

  it("the place in the log is that of the last event read, not of what was received", async () => {
    await serve((socket) => say(socket, hello("e:9"), entry(5), entry(6), entry(7)));
    const feed = followSocket({ path, since: "e:4", retry });
    expect(feed.cursor).toBe("e:4");
    await read(feed, 1, ["snapshot"]);
    expect(feed.cursor).toBe("e:4");
    await read(feed, 1, ["event"]);
    expect(feed.cursor).toBe("e:5");
    feed.close();
  });

  it("says that nobody knows what a server without a log did between two connections", async () => {
    await serve((socket, _request, n) => {
      say(socket, hello(null), event(n));
      if (n === 0) socket.end();
    });
    const feed = followSocket({ path, retry });
    expect(numbers(await read(feed, 3, ["event", "gap"]))).toEqual([0, "gap null", 1]);
    feed.close();
  });

  it("asks a server that answers and hangs up at once ever more slowly", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    onTestFinished(() => void vi.restoreAllMocks());
    await serve((socket) => {
      say(socket, hello("e:0"));
      socket.end();
    });
    const feed = followSocket({ path, retry: { baseMs: 1, maxMs: 60_000 } });
    expect(await read(feed, 5, ["disconnected"])).toMatchObject([1, 2, 4, 8, 16].map((retryInMs) => ({ retryInMs })));
    feed.close();
  });

  it("makes no new connection while nobody reads, and goes on when somebody does", async () => {
    const server = await serve((socket, _request, n) => {
      say(socket, hello(`e:${n}`), entry(n));
      socket.resume().end();
    });
    const feed = followSocket({ path, maxQueueItems: 10, retry: { baseMs: 0, maxMs: 0 } });
    await feed.next();
    let before = 0;
    const restsNow = () => {
      const rests = server.requests.length === before;
      before = server.requests.length;
      return rests;
    };
    await expect.poll(restsNow, { interval: 100 }).toBe(true);
    expect(server.requests.length).toBeLessThan(10);
    expect(numbers(await read(feed, 20, ["event"]))).toEqual(Array.from({ length: 20 }, (_, n) => n));
    feed.close();
  });

  it("waits for a program that does not run yet, and says so", async () => {
    const feed = followSocket({ path, retry });
    const [first] = await read(feed, 1, ["disconnected"]);
    expect(first).toMatchObject({ type: "disconnected", reason: expect.stringMatching(/ENOENT/) });
    await serve((socket) => say(socket, hello("e:0"), entry(1)));
    expect(numbers(await read(feed, 1, ["event"]))).toEqual([1]);
    feed.close();
  });

  it("gives up after as many attempts as it was given, with what went wrong", async () => {
    const feed = followSocket({ path, retry: { ...retry, maxRetries: 2 } });
    await expect(read(feed, 9, ["event"])).rejects.toMatchObject({
      code: "LOOPS_SOCKET_UNREACHABLE",
      message: expect.stringMatching(/3 attempts, the last one: .*ENOENT.*is the program running\?/),
    });
    expect(await feed.next()).toEqual({ done: true, value: undefined });
  });

  it("ends with the reason when it is refused", async () => {
    const error = { event: "socket.error", ts: "", code: "LOOPS_SOCKET_REQUEST", message: "no such thing" };
    await serve((socket) => say(socket, error));
    const feed = followSocket({ path, retry });
    await expect(feed.next()).rejects.toMatchObject({
      code: "LOOPS_SOCKET_REFUSED",
      message: `[socket/client] ${path}: no such thing`,
    });
  });

  it("leaves a server that has gone silent, and one that never answers", async () => {
    const server = await serve((socket, _request, n) => {
      if (n === 0) return;
      say(socket, hello("e:0", { heartbeat_ms: 10 }));
    });
    const feed = followSocket({ path, connectTimeoutMs: 20, retry });
    const lost = await read(feed, 2, ["disconnected"]);
    expect(lost).toMatchObject([{ reason: "no answer within 20 ms" }, { reason: "silent for 25 ms" }]);
    await expect.poll(() => server.sockets.size).toBeLessThanOrEqual(1);
    feed.close();
  });

  it("a reader that is slow holds the server up, and misses nothing", async () => {
    const total = 20_000;
    const filler = "x".repeat(200);
    let written = 0;
    await serve((socket) => {
      say(socket, hello("e:0"));
      const more = () => {
        while (written < total) {
          written++;
          if (!say(socket, { cursor: `e:${written}`, event: { ...event(written), filler } })) {
            socket.once("drain", more);
            return;
          }
        }
      };
      more();
    });
    const feed = followSocket({ path, maxQueueItems: 100, retry });
    expect(numbers(await read(feed, 1, ["event"]))).toEqual([1]);
    // The server gets no further than what the queue and the buffers of the system hold.
    let before = 0;
    const restsNow = () => {
      const rests = written === before;
      before = written;
      return rests;
    };
    await expect.poll(restsNow, { interval: 50 }).toBe(true);
    expect(written).toBeLessThan(total);
    expect(numbers(await read(feed, total - 1, ["event", "gap"]))).toEqual(
      Array.from({ length: total - 1 }, (_, n) => n + 2),
    );
    feed.close();
  });

  it.each([
    ["close", (feed: SocketFeed) => feed.close()],
    ["return", (feed: SocketFeed) => void feed.return()],
  ])("%s ends whoever waits, and the connection", async (_name, stop) => {
    const server = await serve((socket) => say(socket, hello("e:0")));
    const feed = followSocket({ path, snapshot: false, retry });
    await feed.next();
    const waiting = feed.next();
    stop(feed);
    expect(await waiting).toEqual({ done: true, value: undefined });
    await expect.poll(() => server.sockets.size).toBe(0);
  });

  it("its signal ends it, before it has begun and while it waits to try again", async () => {
    const ended = followSocket({ path, signal: AbortSignal.abort() });
    expect(await ended.next()).toEqual({ done: true, value: undefined });
    const abort = new AbortController();
    const feed = followSocket({ path, signal: abort.signal, retry: { baseMs: 60_000, maxMs: 60_000 } });
    await feed.next();
    const waiting = feed.next();
    abort.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it("a server that speaks something else is told of, and tried again", async () => {
    await serve((socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const feed = followSocket({ path, retry });
    const lost = await read(feed, 2, ["disconnected"]);
    expect(lost).toMatchObject(Array(2).fill({ reason: "the server does not speak this protocol" }));
    feed.close();
  });

  it.each([
    [{ path: "" }, /path must name a socket/],
    [{ url: "nonsense" }, /url must be an address/],
    [{ url: "ftp://127.0.0.1" }, /url must begin with ws/],
    [{ url: "ws://127.0.0.1", token: "a b" }, /token must be letters/],
    [{ path: "x.sock", sinse: "e:1" }, /the option sinse is not known; did you mean since/],
    [{ path: "x.sock", url: "ws://127.0.0.1" }, /path or url must be given, and not both/],
    [{ path: "x.sock", signal: 5 }, /signal must be an AbortSignal/],
    [{ path: "x.sock", retry: { maxRetris: 1 } }, /did you mean maxRetries/],
    [{ path: "x.sock", maxQueueItems: Number.NaN }, /maxQueueItems must be a number/],
  ])("refuses %j at once", (options, message) => {
    expect(() => followSocket(options as never)).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
    expect(() => followSocket(options as never)).toThrow(message);
  });
});
