import { spawn } from "node:child_process";
import { once } from "node:events";
import { memoryLogTransport } from "@loops/memory-log";
import { describe, expect, it, onTestFinished } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { until } from "./live-clients.js";
import { LiveTransport } from "./live-transport.js";

const nc = await requireProgram("nc", "a plain client of the socket");

/** With a log that gets the same events, put on the bus before the transport. */
async function withLog(maxEntries = 10_000, options: object = {}) {
  const log = memoryLogTransport({ maxEntries });
  const live = new LiveTransport({ log, websocket: true, ...options });
  live.bus.addTransport(log);
  await live.transport.ready();
  return { live, log };
}

describe("a plain client", () => {
  it("S-2: gets each event as one line of JSON in UTF-8, as the bus encoded it", async () => {
    const live = await LiveTransport.listening();
    const client = await live.lines();
    live.bus.emit({ event: "tick", text: "zwölf\n\u2028", id: "1", ts: "t" });
    expect(await client.have("tick")).toEqual([{ event: "tick", ts: "t", id: "1", text: "zwölf\n\u2028" }]);
  });

  it("S-2: over a WebSocket gets one message for each event, of every length", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    const client = await live.messages();
    const lengths = [0, 10, 125, 126, 127, 1000, 65_400, 65_535, 65_536, 70_000, 200_000];
    for (const length of lengths) live.bus.emit({ event: "tick", text: "ü".repeat(length) });
    const frames = await client.have("tick", lengths.length);
    expect(frames.map(({ text }) => String(text).length)).toEqual(lengths);
  });

  it.skipIf(nc === undefined)("S-2: may be nc -U, which needs to know nothing", async () => {
    const live = await LiveTransport.listening({ snapshot: () => [{ run_id: "r" }] });
    const child = spawn(nc as string, ["-U", live.path], { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(() => void child.kill());
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    await until(() => live.transport.clients.connected === 1, "nc is connected");
    live.emit(2);
    await until(() => text.split("\n").length === 4, "three lines came");
    expect(
      text
        .split("\n")
        .slice(0, 3)
        .map((line) => JSON.parse(line).event),
    ).toEqual(["state_change", "tick", "tick"]);
    const ended = once(child, "exit");
    await live.transport.close();
    await ended;
    expect(text).toContain("socket.closing");
  });

  it("S-13: gets nothing that was emitted before it came; that is counted as delivered to nobody", async () => {
    const live = await LiveTransport.listening();
    live.emit(3);
    expect(live.transport.stats()).toMatchObject({ received: 3, delivered: 3 });
    const client = await live.lines();
    live.bus.emit({ event: "later" });
    await client.have("later");
    expect(client.of("tick")).toEqual([]);
  });

  it("S-14, S-15: gets a frame for each run first, and then all that was emitted since it came", async () => {
    let show: (runs: object[]) => void = () => {};
    const live = await LiveTransport.listening({
      snapshot: () =>
        new Promise<object[]>((resolve) => {
          show = resolve;
        }),
    });
    const client = await live.lines();
    live.emit(2);
    await live.transport.flush({ timeoutMs: 20 }).catch(() => {});
    expect(client.all).toEqual([]);
    show([
      { run_id: "a", status: "running", event: "overridden" },
      { run_id: "b", status: "finished", ts: "then" },
    ]);
    await client.have("tick", 2);
    expect(client.all.map(({ event }) => event)).toEqual(["state_change", "state_change", "tick", "tick"]);
    expect(client.all[0]).toEqual({
      event: "state_change",
      ts: expect.stringMatching(/^\d{4}-.*Z$/),
      run_id: "a",
      status: "running",
    });
    expect(client.all[1]).toEqual({ event: "state_change", ts: "then", run_id: "b", status: "finished" });
  });

  it("S-15: sees the cursor of the log in each frame of the snapshot", async () => {
    const { live, log } = await withLog(100, { snapshot: () => [{ run_id: "a" }] });
    live.emit(3);
    const client = await live.lines();
    expect(await client.have("state_change")).toMatchObject([{ cursor: log.query({ limit: 0 }).newest }]);
  });

  it("S-14: a snapshot that throws, rejects, or never comes is reported, and the client gets its events", async () => {
    const ways = [
      () => {
        throw new Error("no state");
      },
      () => Promise.reject(new Error("no state")),
      () => new Promise<never>(() => {}),
      () => 5 as never,
    ];
    for (const snapshot of ways) {
      const live = await LiveTransport.listening({ snapshot, snapshotTimeoutMs: 30 });
      const [first, second] = [await live.lines(), await live.lines()];
      live.emit(1);
      await first.have("tick");
      await second.have("tick");
      expect(live.codes()).toContain("LOOPS_SOCKET_SNAPSHOT");
    }
  });

  it("S-16: of more runs than its queue may hold sees as many as fit, and is told of the others", async () => {
    const runs = Array.from({ length: 30 }, (_, n) => ({ run_id: `r${n}` }));
    const live = await LiveTransport.listening({ snapshot: () => runs, maxClientFrames: 10 });
    const client = await live.lines();
    expect(await client.have("socket.gap")).toMatchObject([{ missed: 20, first_id: null }]);
    live.emit(1);
    await client.have("tick");
    expect(client.all.map(({ event }) => event)).toEqual([...Array(10).fill("state_change"), "socket.gap", "tick"]);
    expect(live.transport.clients.droppedFrames).toBe(20);
    expect(live.codes()).toEqual(["LOOPS_OVERFLOW"]);
  });
});

describe("a client with a request", () => {
  it("S-13: gets hello, the snapshot, what it missed, and then what comes, each once", async () => {
    const { live, log } = await withLog(1000, { snapshot: () => [{ run_id: "a" }] });
    live.emit(5);
    const since = log.query({ limit: 2 }).next;
    const client = await live.lines();
    client.request({ since });
    const [hello] = await client.have("socket.hello");
    expect(hello).toMatchObject({
      protocol: 1,
      replay: true,
      cursor: log.query({ limit: 0 }).newest,
      snapshots: 1,
      heartbeat_ms: 15_000,
    });
    live.emit(3);
    await until(() => client.events.length >= 8, "all came");
    const after = client.all.slice(client.all.indexOf(hello as never) + 1);
    expect(after[0]).toMatchObject({ event: "state_change", run_id: "a" });
    expect(after.slice(1).map(({ event }) => (event as unknown as { n: number }).n)).toEqual([2, 3, 4, 0, 1, 2]);
    expect(after.at(-1)).toEqual({
      cursor: log.query({ limit: 0 }).newest,
      event: expect.objectContaining({ event: "tick" }),
    });
  });

  it.each(["lines", "messages"] as const)(
    "S-12: may ask over %s for some events only, and for no snapshot",
    async (face) => {
      const { live } = await withLog(1000, { snapshot: () => [{ run_id: "a" }] });
      const client =
        face === "lines"
          ? (await live.lines()).request({ filter: ["a_*", "b"], snapshot: false })
          : await live.messages("?event=a_*&event=b&snapshot=0");
      const [hello] = await client.have("socket.hello");
      expect(hello).toMatchObject({ snapshots: 0 });
      for (const event of ["a_1", "c", "b", "a_2"]) live.bus.emit({ event });
      await until(() => client.all.length - client.all.indexOf(hello as never) > 3, "three came");
      const after = client.all.slice(client.all.indexOf(hello as never) + 1);
      expect(after.map(({ event }) => (event as unknown as { event: string }).event)).toEqual(["a_1", "b", "a_2"]);
    },
  );

  it("S-13: with a cursor whose place the log has evicted is told how many are gone", async () => {
    const { live, log } = await withLog(1000);
    live.emit(1);
    const since = log.query({ limit: 0 }).newest;
    live.emit(1500);
    const client = (await live.lines()).request({ since });
    expect(await client.have("socket.gap")).toMatchObject([{ missed: 500, cursor: expect.any(String) }]);
    await until(() => client.events.length === 1000, "the rest came");
  });

  it("S-13: with a cursor of another log is told that nobody knows how many are gone", async () => {
    const { live } = await withLog(100);
    live.emit(2);
    const client = (await live.lines()).request({ since: "other:1" });
    expect(await client.have("socket.gap")).toMatchObject([{ missed: null }]);
    await until(() => client.events.length === 2, "what is there came");
  });

  it("S-13: without a log gets live events, and where it gave a cursor, a gap of unknown size", async () => {
    const live = await LiveTransport.listening({ websocket: true });
    const client = await live.messages("?since=other:1&event=tick");
    const [hello] = await client.have("socket.hello");
    expect(hello).toMatchObject({ replay: false, cursor: null });
    live.bus.emit({ event: "other" });
    live.emit(1);
    await client.have("tick");
    expect(client.all.map(({ event }) => event)).toEqual(["socket.hello", "socket.gap", "tick"]);
    expect(client.of("socket.gap")[0]).toMatchObject({ missed: null });
  });

  it("is told of nothing that it lost before it asked: its events begin with the request", async () => {
    const { live } = await withLog(1000, { maxClientFrames: 5, snapshot: () => new Promise(() => {}) });
    const client = await live.lines();
    live.emit(20);
    await until(() => live.transport.stats().dropped["overflow"] === 15, "its queue is full");
    client.request({ snapshot: false });
    await client.have("socket.hello");
    live.bus.emit({ event: "later" });
    await until(() => client.events.length > 0, "its event came");
    expect(client.of("socket.gap")).toEqual([]);
  });

  it("gets a heartbeat with its cursor after a silence, and a plain client none", async () => {
    const { live, log } = await withLog(100, { heartbeatMs: 40 });
    live.emit(1);
    const plain = await live.lines();
    const client = (await live.lines()).request({});
    expect(await client.have("socket.heartbeat", 2)).toMatchObject([{ cursor: log.query({ limit: 0 }).newest }, {}]);
    expect(plain.all).toEqual([]);
  });

  it("S-12: that cannot be read is refused with the reason, and so is a second one", async () => {
    const { live } = await withLog(100);
    const wrong = [
      "hello",
      "[]",
      '{"request":5}',
      '{"request":{"since":5}}',
      '{"request":{"filter":[5]}}',
      '{"request":{"sinse":"a"}}',
      '{"request":{"snapshot":"no"}}',
      `{"request":{"filter":${JSON.stringify(Array(40).fill("a"))}}}`,
    ];
    for (const line of wrong) {
      const client = await live.lines();
      client.socket.write(`${line}\n`);
      expect(await client.have("socket.error")).toMatchObject([
        { code: "LOOPS_SOCKET_REQUEST", message: expect.any(String) },
      ]);
      await client.end();
      expect(client.all.at(-1)).toMatchObject({ event: "socket.closing", reason: "protocol" });
    }
    const twice = (await live.lines()).request({}).request({});
    await twice.end();
    expect(twice.of("socket.error")).toHaveLength(1);
    const message = await live.messages();
    message.socket.send("hello");
    await message.end();
    expect(message.code).toBe(1008);
    const query = await live.messages("?snapshot=perhaps");
    await query.end();
    expect(query.code).toBe(1008);
    expect(live.transport.clients).toMatchObject({ connected: 0, cutOff: { protocol: wrong.length + 3 } });
  });

  it("S-12: of a blank line is none", async () => {
    const live = await LiveTransport.listening();
    const client = await live.lines();
    client.socket.write("\n  \n\n");
    client.request({});
    await client.have("socket.hello");
  });

  it("is told when its log fails, and others go on", async () => {
    const failing = {
      query: () => {
        throw new Error("disk");
      },
      tail: () => {
        throw new Error("disk");
      },
    };
    const live = await LiveTransport.listening({ log: failing });
    const other = await live.lines();
    const client = (await live.lines()).request({});
    await client.end();
    expect(live.codes()).toContain("LOOPS_SOCKET_REPLAY");
    live.emit(1);
    await other.have("tick");
  });
});

describe("the end", () => {
  it("S-17, S-18: gives every client what waits for it, says that it is the end, and counts later events", async () => {
    const { live } = await withLog(5000);
    const clients = [
      await live.lines(),
      await live.messages(),
      (await live.lines()).request({}),
      await live.messages("?replay=1"),
    ];
    for (const client of clients.slice(2)) await client.have("socket.hello");
    live.emit(900);
    const report = await live.bus.close();
    expect(report.ok).toBe(true);
    for (const client of clients) {
      await client.end();
      expect(client.events).toHaveLength(900);
      expect(client.all.at(-1)).toMatchObject({ event: "socket.closing", reason: "close" });
    }
    expect((clients[1] as { code?: number }).code).toBe(1001);
    live.transport.send({ event: "late", ts: "", id: "" }, { json: "{}", line: "{}\n", bytes: new Uint8Array() });
    expect(live.transport.stats()).toMatchObject({ delivered: 900, dropped: { closed: 1 } });
  });

  it("S-17: takes a second at most for clients that do not read, side by side, and counts what they lose", async () => {
    const live = await LiveTransport.listening({ clientCloseTimeoutMs: 200 });
    for (let i = 0; i < 4; i++) (await live.lines()).socket.pause();
    live.emit(50, { text: "x".repeat(50_000) });
    const started = performance.now();
    await live.transport.close();
    expect(performance.now() - started).toBeLessThan(600);
    const { received, delivered, dropped } = live.transport.stats();
    expect(dropped["deadline"]).toBeGreaterThan(20);
    expect(delivered + (dropped["deadline"] ?? 0)).toBe(received);
    // And the frame that would have said that it is the end.
    expect(live.transport.clients.lostFrames).toBe(4 * ((dropped["deadline"] ?? 0) + 1));
  });
});
