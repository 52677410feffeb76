import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { LineClient, MessageClient, until } from "./live-clients.js";
import { LiveTransport } from "./live-transport.js";

const token = "a-long-secret";

/** A connection that says what it likes, instead of a WebSocket client. */
async function raw(url: string, text: string, allowHalfOpen = false): Promise<{ socket: Socket; answer(): string }> {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", allowHalfOpen });
  onTestFinished(() => void socket.destroy());
  let answer = "";
  socket.on("data", (chunk) => (answer += String(chunk))).on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  return { socket, answer: () => answer };
}

/** However it ends. */
function ended(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => (socket.destroyed ? resolve(undefined) : socket.once("close", resolve)));
}

function upgrade(url: string, headers: Record<string, string> = {}): string {
  const all = {
    Host: new URL(url).host,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${new URL(url).pathname} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

describe("who may open a WebSocket", () => {
  it("it listens on loopback, and nowhere else, where nothing was said", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    expect(live.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/events$/);
  });

  it("a page of a foreign origin may not, one of the same host, one that is listed, and what is no browser may", async () => {
    const live = await LiveTransport.listening({ websocket: { origins: ["https://board.example"] } });
    const { host, port } = new URL(live.url);
    const statusOf = async (origin: string) => (await live.messages("", { origin })).status;
    for (const origin of [
      "https://evil.example",
      "null",
      `http://127.0.0.1:${Number(port) + 1}`,
      `http://${host}.evil.example`,
      "https://board.example.evil",
    ]) {
      expect(await statusOf(origin), origin).toBe(403);
    }
    for (const origin of ["https://board.example", `http://${host}`])
      expect(await statusOf(origin), origin).toBeUndefined();
    expect((await live.messages()).status).toBeUndefined();
    expect(live.transport.clients).toMatchObject({ refused: 5, connected: 3 });
    expect(live.codes()).toContain("LOOPS_SOCKET_CLIENT");
  });

  it("a page that gave its own name our address may not (DNS rebinding), unless the name is listed", async () => {
    const live = await LiveTransport.listening({ websocket: { hosts: ["board.example"] } });
    const statusOf = async (name: string) => {
      const headers = { Host: name, Origin: `http://${name}` };
      const { answer } = await raw(live.url, upgrade(live.url, headers));
      await until(() => answer().includes("\r\n\r\n"), "it answered");
      return Number(answer().split(" ")[1]);
    };
    const { port } = new URL(live.url);
    for (const name of [
      "evil.example",
      `evil.example:${port}`,
      "localhost.evil.example",
      "board.example.evil",
      "a/b",
      "",
    ]) {
      expect(await statusOf(name), name).toBe(403);
    }
    for (const name of [`localhost:${port}`, `127.0.0.1:${port}`, "[::1]:80", "board.example", "a.localhost"]) {
      expect(await statusOf(name), name).toBe(101);
    }
  });

  it("nobody without the token may; it comes as a header, a parameter, or for browsers a subprotocol", async () => {
    const live = await LiveTransport.listening({ websocket: { token } });
    const bearer = (text: string) => ({ headers: { authorization: `Bearer ${text}` } });
    for (const wrong of ["", "wrong", `${token}x`, token.slice(1)]) {
      expect((await live.messages("", bearer(wrong))).status, wrong).toBe(401);
      expect((await live.messages(`?token=${wrong}`)).status, wrong).toBe(401);
      expect((await live.messages("", {}, ["loops", `loops.token.${wrong || "x"}`])).status, wrong).toBe(401);
    }
    expect((await live.messages()).status).toBe(401);
    expect((await live.messages("", bearer(token))).status).toBeUndefined();
    expect((await live.messages(`?token=${token}`)).status).toBeUndefined();
    const browser = await live.messages("", {}, ["loops", `loops.token.${token}`]);
    expect(browser.status).toBeUndefined();
    // The secret is not said back.
    expect(browser.socket.protocol).toBe("loops");
  });

  it("another path is 404, a plain request is told that this is a WebSocket", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    expect((await live.messages("/other")).status).toBe(404);
    const response = await fetch(live.url.replace("ws:", "http:"));
    expect(response.status).toBe(426);
  });

  it("S-7: too many are refused with 503, over both faces together; one that leaves makes room", async () => {
    const live = await LiveTransport.listening({ websocket: true, maxClients: 2 });
    const first = await live.lines();
    const second = await live.messages();
    expect((await live.messages()).status).toBe(503);
    const third = new LineClient(live.path);
    await third.end();
    expect(third.all).toMatchObject([{ event: "socket.closing", reason: "capacity" }]);
    expect(live.transport.clients).toMatchObject({ connected: 2, refused: 2 });
    expect(live.errors[0]?.message).toMatch(/there are 2 already.*maxClients/);
    first.socket.destroy();
    await until(() => live.transport.clients.connected === 1, "its place is free");
    expect((await live.messages()).status).toBeUndefined();
    second.socket.terminate();
  });
});

describe("what a WebSocket client may do", () => {
  it("a message over the limit ends its connection with 1009, and nobody else's", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    const other = await live.messages();
    const client = await live.messages();
    client.socket.send("x".repeat(5000));
    await client.end();
    expect(client.code).toBe(1009);
    live.emit(1);
    await other.have("tick");
    await until(() => live.transport.clients.connected === 1, "it is gone");
  });

  it("a frame that claims to be huge is refused by its header", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    const { socket, answer } = await raw(live.url, upgrade(live.url));
    await until(() => answer().includes("101"), "it is open");
    const header = Buffer.from([0x81, 0xff, 0, 0, 0, 0x10, 0, 0, 0, 0, 1, 2, 3, 4]);
    socket.write(header);
    await ended(socket);
    await until(() => live.transport.clients.connected === 0, "it is gone");
  });

  it("one that asks for compression gets none", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    const client = await live.messages("", { perMessageDeflate: true });
    expect(client.socket.extensions).toBe("");
  });

  it("one that answers no ping is ended, one that does stays", async () => {
    const live = await LiveTransport.listening({ websocket: true, heartbeatMs: 300 });
    const answering = await live.messages();
    const { socket, answer } = await raw(live.url, upgrade(live.url));
    await until(() => answer().includes("101"), "it is open");
    await ended(socket);
    expect(live.transport.clients).toMatchObject({ connected: 1, cutOff: { unresponsive: 1 } });
    expect(answering.closed).toBe(false);
  });

  it.each([
    ["nothing at all", ""],
    ["half a request", "GET /events HTTP/1.1\r\nHost: "],
  ])("a connection that sends %s is closed by the end of the transport at the latest", async (_what, text) => {
    const live = await LiveTransport.listening({ websocket: true });
    const { socket } = await raw(live.url, text);
    const closed = ended(socket);
    const started = performance.now();
    await live.transport.close();
    await closed;
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it.runIf(process.env["LOOPS_LONG"] === "1")(
    "a connection that never asks for anything is closed in time",
    async () => {
      const live = await LiveTransport.listening({ websocket: true });
      const { socket } = await raw(live.url, "GET /events HTTP/1.1\r\n");
      const started = performance.now();
      await ended(socket);
      expect(performance.now() - started).toBeLessThan(8000);
    },
  );

  it("one that answers while the program is busy stays", async () => {
    const heartbeatMs = 200;
    const live = await LiveTransport.listening({ websocket: true, heartbeatMs });
    const client = await live.messages();
    await once(client.socket, "ping");
    // The answer is under way when the program does nothing else for longer than the server waits.
    for (const end = performance.now() + 2 * heartbeatMs; performance.now() < end; );
    await once(client.socket, "ping");
    expect(live.transport.clients).toMatchObject({ connected: 1, cutOff: { unresponsive: 0 } });
  });

  it.each([
    ["ends its connection", false],
    ["keeps its connection", true],
  ])(
    "one that says goodbye and %s is gone soon; it is no loss, and nothing to report",
    async (_what, allowHalfOpen) => {
      const live = await LiveTransport.listening({ websocket: true, maxClientFrames: 10 });
      const { socket, answer } = await raw(live.url, upgrade(live.url), allowHalfOpen);
      await until(() => answer().includes("101"), "it is open");
      socket.write(Buffer.from([0x88, 0x80, 1, 2, 3, 4]));
      for (let n = 0; live.transport.clients.connected === 1; n++) {
        live.emit(1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (n > 1000) throw new Error("it stays");
      }
      live.emit(30);
      await live.transport.flush({ timeoutMs: 1000 });
      const { received, delivered, dropped } = live.transport.stats();
      expect([delivered, dropped, live.errors]).toEqual([received, {}, []]);
    },
  );

  it("one that sends what is no WebSocket frame loses its connection", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    const { socket, answer } = await raw(live.url, upgrade(live.url));
    await until(() => answer().includes("101"), "it is open");
    socket.write(Buffer.alloc(2000, 0xff));
    await ended(socket);
    await until(() => live.transport.clients.connected === 0, "it is gone");
  });
});

describe("a server of the caller", () => {
  async function callersServer() {
    const server = createServer((_request, response) => response.end("page"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { server, port: (server.address() as AddressInfo).port };
  }

  it("serves its pages beside, and is never closed", async () => {
    const { server, port } = await callersServer();
    const live = await LiveTransport.listening({ websocket: { server, path: "/live" } });
    expect(live.url).toBe(`ws://127.0.0.1:${port}/live`);
    const client = await live.messages();
    live.emit(1);
    await client.have("tick");
    await live.transport.close();
    await client.end();
    expect(server.listening).toBe(true);
    expect(server.listenerCount("upgrade")).toBe(0);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("page");
  });

  it("may have other WebSockets at other paths", async () => {
    const { server } = await callersServer();
    server.on("upgrade", ({ url }, socket) => {
      if (url === "/theirs") socket.end("HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n");
    });
    const live = await LiveTransport.listening({ websocket: { server } });
    const theirs = new MessageClient(live.url.replace("/events", "/theirs"));
    await theirs.end();
    expect(theirs.status).toBe(418);
  });

  it("may begin to listen later", async () => {
    const server = createServer();
    onTestFinished(() => void server.close());
    const live = await LiveTransport.listening({ websocket: { server } });
    expect(live.transport.address().url).toBeUndefined();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const client = await live.messages();
    live.emit(1);
    await client.have("tick");
  });
});

it("a port that is taken is told where the start is awaited", async () => {
  const first = await LiveTransport.listening({ websocket: true });
  const second = new LiveTransport({ websocket: { port: Number(new URL(first.url).port) } });
  await expect(second.transport.ready()).rejects.toMatchObject({ code: "LOOPS_SOCKET_LISTEN" });
  // And not again, to whom errors are reported.
  expect(second.errors).toEqual([]);
  expect(second.transport.address().path).toBe(second.path);
});

describe("events that are more than what the system takes at once", () => {
  it("arrive whole, though pongs are sent while they are on their way", async () => {
    const live = await LiveTransport.listening({ websocket: true, maxClientBytes: 64_000_000 });
    const { socket } = await live.messages();
    const errors: Error[] = [];
    let pongs = 0;
    const arrived: string[] = [];
    socket.on("error", (error) => errors.push(error)).on("pong", () => pongs++);
    socket.on("message", (data) => arrived.push(String(data)));
    socket.pause();
    const large = "x".repeat(4_000_000);
    live.emit(8, { large });
    await until(() => live.transport.clients.queuedBytes > 0, "a part of it waits");
    for (let n = 0; n < 3; n++) socket.ping();
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.resume();
    await until(() => errors.length > 0 || (arrived.length === 8 && pongs === 3), "all came, and the pongs");
    expect(errors).toEqual([]);
    expect(arrived.every((text) => JSON.parse(text).large === large)).toBe(true);
  });
});
