import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { LiveTransport, text, turn } from "./live-transport.js";

const timeoutMs = 20_000;
const incomplete = { code: "LOOPS_FLUSH_INCOMPLETE", message: expect.stringContaining("a client takes nothing") };

/** What is not delivered is counted, and nothing waits. */
function expectSettled({ transport }: LiveTransport): void {
  const { received, delivered, dropped, queued } = transport.stats();
  expect(queued).toBe(0);
  expect(delivered + Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBe(received);
}

/** A synchronous piece of work of the program. */
function beBusy(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

describe("a flush, while a client takes nothing", () => {
  it("waits for it no longer than clientCloseTimeoutMs, and says that events were dropped", async () => {
    const live = await LiveTransport.listening({ clientCloseTimeoutMs: 150 });
    const other = await live.lines();
    await live.stalled();
    live.emit(30);
    const started = performance.now();
    await expect(live.transport.flush({ timeoutMs })).rejects.toMatchObject(incomplete);
    expect(performance.now() - started).toBeLessThan(timeoutMs / 4);
    expect(live.transport.stats().dropped["slow"]).toBeGreaterThanOrEqual(30);
    expectSettled(live);
    // Nobody is disconnected for it, and nobody else loses anything.
    expect(live.transport.clients).toMatchObject({ connected: 2, cutOff: { slow: 0 } });
    await other.have("tick", 30);
  });

  it("does not wait for it again: what comes later is dropped when it is emitted", async () => {
    const live = await LiveTransport.listening({ clientCloseTimeoutMs: 50 });
    await live.stalled();
    await expect(live.transport.flush({ timeoutMs })).rejects.toMatchObject(incomplete);
    live.emit(5);
    await live.transport.flush({ timeoutMs: 0 });
    expect(live.transport.stats().dropped["overflow"]).toBe(5);
    expectSettled(live);
  });

  it("a client that comes back is told of every event that it lost, and gets the next", async () => {
    const live = await LiveTransport.listening({ clientCloseTimeoutMs: 50 });
    const client = await live.stalled();
    for (let n = 0; n < 20; n++) live.bus.emit({ event: "fill", text });
    await expect(live.transport.flush({ timeoutMs })).rejects.toMatchObject(incomplete);
    live.emit(7);
    const { received } = live.transport.stats();
    client.socket.resume();
    const [gap] = await client.have("socket.gap");
    expect(gap).toMatchObject({ missed: received - client.events.length, first_id: expect.stringMatching(/\S/) });
    live.bus.emit({ event: "after" });
    await client.have("after");
    expect(client.all.map(({ event }) => event).slice(-2)).toEqual(["socket.gap", "after"]);
    await live.transport.flush({ timeoutMs });
    expectSettled(live);
  });

  it("counts nothing twice when it leaves, or is cut off, afterwards", async () => {
    const live = await LiveTransport.listening({ clientCloseTimeoutMs: 50 });
    const client = await live.stalled();
    await expect(live.transport.flush({ timeoutMs })).rejects.toMatchObject(incomplete);
    const before = live.transport.stats();
    client.socket.destroy();
    await expect.poll(() => live.transport.clients.connected).toBe(0);
    expect(live.transport.stats()).toEqual(before);
    expect(live.transport.clients).toMatchObject({ queuedFrames: 0, queuedBytes: 0 });
  });

  it("ends by its own deadline where that comes first, and drops nothing", async () => {
    const live = await LiveTransport.listening({ clientCloseTimeoutMs: timeoutMs });
    await live.stalled();
    await expect(live.transport.flush({ timeoutMs: 20 })).rejects.toMatchObject({ code: "LOOPS_FLUSH_TIMEOUT" });
    expect(live.transport.stats()).toMatchObject({ dropped: {}, queued: expect.any(Number) });
  });

  it("is held up by a snapshot that does not come no longer than by a client", async () => {
    let show: (runs: object[]) => void = () => {};
    const snapshot = () =>
      new Promise<object[]>((resolve) => {
        show = resolve;
      });
    const live = await LiveTransport.listening({ snapshot, snapshotTimeoutMs: timeoutMs, clientCloseTimeoutMs: 50 });
    const client = await live.lines();
    live.emit(3);
    await expect(live.transport.flush({ timeoutMs })).rejects.toMatchObject(incomplete);
    expectSettled(live);
    show([]);
    await client.have("socket.gap");
    live.bus.emit({ event: "after" });
    await client.have("after");
    expect(client.all).toMatchObject([{ event: "socket.gap", missed: 3 }, { event: "after" }]);
  });
});

describe("a flush, while a client is slow", () => {
  it("waits for it as long as it takes something", async () => {
    const live = await LiveTransport.listening({ clientCloseTimeoutMs: 700 });
    const client = await live.stalled();
    for (let n = 0; n < 100; n++) live.bus.emit({ event: "fill", text });
    let flushed = false;
    const flush = live.transport.flush({ timeoutMs }).finally(() => {
      flushed = true;
    });
    while (!flushed) {
      client.socket.resume();
      await turn();
      client.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await flush;
    expect(live.transport.stats()).toMatchObject({ dropped: {}, queued: 0 });
  });

  it("does not blame it for a program that was busy: it hears first what was taken meanwhile", async () => {
    const live = await LiveTransport.listening({ clientCloseTimeoutMs: 100 });
    const crowd = fileURLToPath(new URL("./fixtures/crowd.mjs", import.meta.url));
    const reader = spawn(process.execPath, [crowd, live.path, "1", "0"], { stdio: ["pipe", "pipe", "inherit"] });
    onTestFinished(() => void reader.kill());
    await once(reader.stdout, "data");
    await expect.poll(() => live.transport.clients.connected).toBe(1);
    live.bus.emit({ event: "large", text: "x".repeat(800_000) });
    expect(live.transport.stats().queued).toBe(1);
    beBusy(500);
    await live.transport.flush({ timeoutMs });
    expect(live.transport.stats().dropped).toEqual({});
  });
});
