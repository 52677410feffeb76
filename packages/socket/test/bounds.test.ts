import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { memoryLogTransport } from "@loops/memory-log";
import { describe, expect, it, onTestFinished } from "vitest";
import { until } from "./live-clients.js";
import { LiveTransport, text, turn } from "./live-transport.js";

describe("a client that does not keep up", () => {
  it("S-8: has a queue of 1024 frames, delays nobody, and loses only its own events", async () => {
    const live = await LiveTransport.listening();
    const other = await live.lines();
    const slow = await live.stalled();
    const filled = live.transport.stats().received;
    for (let n = 0; n < 1500; n++) {
      live.bus.emit({ event: "tick", n });
      if (n % 100 === 0) await turn();
    }
    await other.have("tick", 1500);
    expect(live.transport.clients.queuedFrames).toBe(1024);
    expect(live.transport.stats().dropped).toEqual({ overflow: live.transport.clients.droppedFrames });
    slow.socket.resume();
    const [gap] = await slow.have("socket.gap");
    const had = slow.of("fill").length + slow.of("tick").length;
    expect(gap).toMatchObject({
      missed: filled + 1500 - had,
      first_id: other.of("tick")[slow.of("tick").length]?.["id"],
    });
  });

  it("S-9: loses the newest; what is queued stays in order; the gap says how many and from which, before the next event", async () => {
    const live = await LiveTransport.listening({ maxClientFrames: 10 });
    const client = await live.stalled();
    live.emit(30);
    live.transport.stats();
    const kept = 10 - live.transport.clients.queuedFrames;
    expect(kept).toBe(0);
    client.socket.resume();
    const [gap] = await client.have("socket.gap");
    live.bus.emit({ event: "after" });
    await client.have("after");
    const names = client.all.map(({ event }) => event).filter((event) => event !== "fill");
    const ticks = client.of("tick").map(({ n }) => n);
    expect(names).toEqual([...ticks.map(() => "tick"), "socket.gap", "after"]);
    expect(ticks).toEqual([...ticks.keys()]);
    expect(gap).toMatchObject({ missed: 30 - ticks.length, first_id: expect.stringMatching(/\S/), cursor: null });
    expect(live.transport.clients.droppedFrames).toBe(30 - ticks.length);
  });

  it("S-8: is bounded in bytes as well", async () => {
    const maxClientBytes = 1_000_000;
    const live = await LiveTransport.listening({ maxClientBytes });
    await live.stalled();
    for (let n = 0; n < 100; n++) live.bus.emit({ event: "large", text: "x".repeat(100_000) });
    expect(live.transport.stats().dropped["overflow"]).toBeGreaterThan(85);
    expect(live.transport.clients.queuedBytes).toBeLessThanOrEqual(maxClientBytes);
    expect(live.transport.clients.queuedFrames).toBeLessThan(60);
  });

  it("S-10: its first loss is reported at once, and what came later when it goes", async () => {
    const live = await LiveTransport.listening({ maxClientFrames: 10 });
    const client = await live.stalled();
    live.emit(20);
    live.transport.stats();
    const { droppedFrames } = live.transport.clients;
    expect(live.errors).toMatchObject([
      { code: "LOOPS_OVERFLOW", message: expect.stringContaining(`${droppedFrames} frames`) },
    ]);
    live.emit(7);
    live.transport.stats();
    expect(live.errors).toHaveLength(1);
    client.socket.destroy();
    await until(() => live.errors.length === 2, "the rest is told");
    expect(live.errors[1]?.message).toContain("7 frames");
  });

  it("S-11: whose connection fails is removed alone, and what waited for it is counted", async () => {
    const live = await LiveTransport.listening();
    const other = await live.lines();
    const client = await live.stalled();
    live.emit(20);
    live.transport.stats();
    const { queuedFrames } = live.transport.clients;
    client.socket.destroy();
    await until(() => live.transport.clients.connected === 1, "it is removed");
    expect(live.transport.clients).toMatchObject({ lostFrames: queuedFrames, queuedFrames: 0, queuedBytes: 0 });
    await other.have("tick", 20);
    // Nobody who is still there misses anything.
    const { received, delivered, dropped } = live.transport.stats();
    expect([delivered, dropped]).toEqual([received, {}]);
  });

  it("S-12: that hangs up is seen at once, without a further event", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    const client = await live.lines();
    const message = await live.messages();
    client.socket.destroy();
    message.socket.terminate();
    await until(() => live.transport.clients.connected === 0, "both are gone");
  });

  it("takes nothing for a long time, and is cut off; what waited counts as dropped", async () => {
    const live = await LiveTransport.listening({ slowClientTimeoutMs: 60 });
    const other = await live.lines();
    await live.stalled();
    await until(() => live.transport.clients.cutOff.slow === 1, "it is cut off");
    expect(live.codes()).toContain("LOOPS_SOCKET_CLIENT");
    const { received, delivered, dropped } = live.transport.stats();
    expect(delivered + (dropped["slow"] ?? 0)).toBe(received);
    live.emit(1);
    await other.have("tick");
  });

  it("is slow but takes something all the time, and stays", async () => {
    // Long beside what a busy machine takes from this process, short beside how long the client is slow.
    const live = await LiveTransport.listening({ slowClientTimeoutMs: 600 });
    const client = await live.stalled();
    for (let n = 0; n < 100; n++) live.bus.emit({ event: "more", text });
    const end = performance.now() + 1500;
    while (performance.now() < end) {
      client.socket.resume();
      await turn();
      client.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 10));
      live.bus.emit({ event: "more", text });
    }
    expect(live.transport.clients.cutOff.slow).toBe(0);
  });

  it("S-13: but asked for a replay holds a place in the log: its gap is exact, and nothing waits for it", async () => {
    const log = memoryLogTransport({ maxEntries: 1000 });
    const live = new LiveTransport({ log });
    live.bus.addTransport(log);
    await live.transport.ready();
    const client = (await live.lines()).request({});
    await client.have("socket.hello");
    client.socket.pause();
    for (let n = 0; n < 3000; n++) {
      live.bus.emit({ event: "tick", n, text: "x".repeat(1000) });
      if (n % 50 === 0) await turn();
    }
    expect(live.transport.clients.queuedBytes).toBeLessThan(600_000);
    expect(live.transport.stats()).toMatchObject({ delivered: 3000, dropped: {} });
    client.socket.resume();
    await until(() => client.events.at(-1)?.["n"] === 2999, "the last came");
    const missed = client.of("socket.gap").reduce((sum, { missed }) => sum + Number(missed), 0);
    expect(missed).toBeGreaterThan(0);
    expect(missed + client.events.length).toBe(3000);
  });
});

describe("a client that floods", () => {
  it.each([
    ["one endless line", "x".repeat(100_000)],
    ["many lines", '{"request":{}}\n'.repeat(5000)],
    ["blank lines", "\n".repeat(100_000)],
  ])("with %s is cut off, and nobody else", async (_what, flood) => {
    const live = await LiveTransport.listening();
    const other = await live.lines();
    const client = await live.lines();
    client.socket.write(flood);
    await client.end();
    await until(() => live.transport.clients.connected === 1, "it is gone");
    expect(live.transport.clients.cutOff.protocol).toBe(1);
    live.emit(1);
    await other.have("tick");
  });

  it("with messages is cut off, and nobody else", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    const other = await live.messages();
    const client = await live.messages();
    for (let n = 0; n < 1000; n++) client.socket.send("{}");
    await client.end();
    expect(client.code).toBe(1008);
    live.emit(1);
    await other.have("tick");
  });

  it("with pings and pongs is cut off as well", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    const client = await live.messages();
    for (let n = 0; n < 2000; n++) client.socket.pong("x".repeat(100));
    await client.end();
    expect(live.transport.clients.cutOff.protocol).toBe(1);
  });
});

it("200 clients of which 20 never read: the others get every event, and memory stays bounded", async () => {
  const maxClientBytes = 400_000;
  const live = await LiveTransport.listening({ maxClients: 200, maxClientBytes });
  const crowd = spawn(
    process.execPath,
    [fileURLToPath(new URL("./fixtures/crowd.mjs", import.meta.url)), live.path, "180", "20"],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  onTestFinished(() => void crowd.kill());
  const lines: string[] = [];
  crowd.stdout.setEncoding("utf8");
  let rest = "";
  crowd.stdout.on("data", (chunk) => {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  await until(() => lines.length === 1 && live.transport.clients.connected === 200, "all are connected", 20_000);
  const counts = async () => {
    const { length } = lines;
    crowd.stdin.write("?");
    await until(() => lines.length > length, "the crowd tells", 20_000);
    return JSON.parse(lines.at(-1) ?? "") as { count: number; inOrder: boolean }[];
  };
  const before = process.memoryUsage().rss;
  const total = 2500;
  let seen = await counts();
  for (let n = 0; n < total; ) {
    for (let end = n + 250; n < end; n++) {
      live.bus.emit({ event: "tick", n, text: "x".repeat(500) });
      if (n % 20 === 19) await turn();
      expect(live.transport.clients.queuedBytes).toBeLessThan(200 * maxClientBytes);
    }
    // The readers are 180 in one process: only those that never read may fall behind.
    while (seen.some(({ count }) => count < n)) seen = await counts();
  }
  expect(seen).toHaveLength(180);
  for (const one of seen) expect(one).toEqual({ count: total, inOrder: true });
  expect(live.transport.clients.queuedBytes).toBeLessThanOrEqual(20 * maxClientBytes);
  expect(live.transport.clients.droppedFrames).toBeGreaterThan(0);
  // 20 queues of 400 kB, shared in the best case, and slack for the test itself.
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
});

it("connects and disconnects leave no descriptor and no listener behind", async () => {
  const descriptors = () => readdirSync(process.platform === "linux" ? "/proc/self/fd" : "/dev/fd").length;
  const live = await LiveTransport.listening({ websocket: true, maxClients: 64, snapshot: () => [{ run_id: "a" }] });
  const listeners = () =>
    ["exit", "beforeExit", "warning", "uncaughtException"].map((name) => process.listenerCount(name));
  const before = { descriptors: descriptors(), listeners: listeners() };
  const rounds = 2000;
  for (let n = 0; n < rounds; n += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        if (index % 10 === 0) {
          const client = await live.messages(index === 0 ? "" : "?replay=1");
          client.socket[n % 40 === 0 ? "terminate" : "close"]();
          return;
        }
        const socket = connect(live.path).on("error", () => {});
        await once(socket, "connect");
        if (index % 3 === 0) socket.write('{"request":{}}\n');
        if (index % 2 === 0) socket.destroy();
        else socket.resume().end();
      }),
    );
    live.emit(1);
    // One may have gone before the server has accepted it.
    await until(() => live.transport.clients.accepted >= n + 20, "all were accepted");
    await until(() => live.transport.clients.connected === 0, "all are gone");
  }
  expect(live.transport.clients).toMatchObject({ accepted: rounds, refused: 0, queuedFrames: 0 });
  await until(() => descriptors() <= before.descriptors, "their descriptors are closed");
  expect(listeners()).toEqual(before.listeners);
});

it("S-6: an idle server with clients keeps no process alive", async () => {
  const script = `
    import { connect } from "node:net";
    import { createBus } from "@loops/core";
    import { socketTransport } from "@loops/socket";
    const transport = socketTransport({ path: process.argv[1], websocket: true });
    const bus = createBus();
    bus.addTransport(transport);
    await transport.ready();
    const client = connect(process.argv[1]);
    client.unref();
    await new Promise((resolve) => client.once("connect", resolve));
    while (transport.clients.connected === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    bus.emit({ event: "last" });
    console.log("done");`;
  const { path } = new LiveTransport();
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, `${path}2`], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill());
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
});
