import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createBus, type LoopEvent } from "@loops/core";
import { transportConformance } from "@loops/testing";
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import type { JsonlTransportOptions } from "../src/jsonl-options.js";
import { jsonlTransport } from "../src/jsonl-transport.js";
import { readEvents } from "../src/read-events.js";
import { logFiles, numbersOf, range } from "./rotated-log.js";
import { stallingFs } from "./stalling-fs.js";

const bounds = { maxQueueItems: 200, maxQueueBytes: 8_388_608 };
const rotations = [undefined, { maxBytes: 4000, maxFiles: Number.MAX_SAFE_INTEGER }];

for (const rotate of rotations) {
  transportConformance({
    test,
    name: rotate === undefined ? "jsonl, asynchronous" : "jsonl, asynchronous and rotated",
    capabilities: {
      queued: true,
      durable: true,
      killable: true,
      // Within one process the lock of a writer that has crashed is that of a living one.
      faults: rotate === undefined ? ["fail", "stall", "crash"] : ["fail", "stall"],
      bounds,
    },
    async create({ onError }) {
      const folder = mkdtempSync(join(tmpdir(), "loops-jsonl-kit-"));
      const path = join(folder, "events.jsonl");
      let disk = stallingFs();
      const make = () =>
        jsonlTransport({
          path,
          rotate,
          ...bounds,
          async: true,
          flushIntervalMs: 5,
          maxRetryMs: 20,
          onError,
          fs: disk.fs,
        });
      return {
        transport: make(),
        async observe() {
          const events: LoopEvent[] = [];
          for await (const event of readEvents(path, { rotated: true })) events.push(event);
          return events;
        },
        faults: {
          fail: () => disk.fail(),
          stall: () => disk.stall(),
          heal: () => disk.heal(),
          ...(rotate === undefined && {
            crash: () => disk.crash(),
            reopen() {
              disk = stallingFs();
              return make();
            },
          }),
        },
        child: {
          script: new URL("./fixtures/confirms-with.mjs", import.meta.url),
          args: [path, JSON.stringify({ async: true, rotate })],
        },
        cleanup: () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  });
}

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-async-"));
  path = join(folder, "events.jsonl");
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

function busTo(options: Partial<JsonlTransportOptions> = {}) {
  const disk = stallingFs();
  const errors: { code?: string; message: string }[] = [];
  const bus = createBus();
  const onError = (error: unknown) => errors.push(error as { message: string });
  const sink = jsonlTransport({
    path,
    async: true,
    flushIntervalMs: 5,
    maxRetryMs: 5,
    fs: disk.fs,
    onError,
    ...options,
  });
  bus.addTransport(sink);
  const emit = (from: number, to = from) => {
    for (let n = from; n <= to; n++) bus.emit({ event: "step", n });
  };
  return { bus, sink, emit, errors, disk };
}

describe("a disk that hangs", () => {
  it("holds up nobody: emits go on, flush and close keep their deadlines, and what is left is counted", async () => {
    const { bus, sink, emit, disk } = busTo({ maxQueueItems: 100 });
    emit(1);
    await bus.flush();
    disk.stall();
    const started = performance.now();
    emit(2, 200);
    expect((await bus.flush({ timeoutMs: 20 })).ok).toBe(false);
    expect(sink.stats()).toMatchObject({ delivered: 1, inFlight: expect.any(Number), dropped: { overflow: 99 } });
    const report = await bus.close({ timeoutMs: 20 });
    expect(performance.now() - started).toBeLessThan(2000);
    expect(report.sinks[0]).toMatchObject({ ok: false, delivered: 1, dropped: { overflow: 99, deadline: 100 } });
    disk.heal();
  });

  it("writes nothing twice and nothing out of order when it goes on", async () => {
    const { bus, sink, emit, disk } = busTo({ rotate: { maxBytes: 2000, maxFiles: 100 } });
    disk.stall();
    emit(1, 100);
    await bus.flush({ timeoutMs: 20 });
    emit(101, 200);
    disk.heal();
    await vi.waitFor(() => expect(sink.stats().delivered).toBe(200));
    await bus.close();
    expect(numbersOf(await logFiles(path))).toEqual(range(1, 200));
  });

  it("is reported when it has not answered for 30 seconds", async () => {
    const { bus, emit, disk, errors } = busTo();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    disk.stall();
    emit(1);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(errors).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(errors[0]).toMatchObject({ code: "LOOPS_STALL", message: expect.stringContaining(path) });
    vi.useRealTimers();
    disk.heal();
    expect((await bus.close()).ok).toBe(true);
  });

  it("flushSync does not wait for it: it throws, and everything stays queued", async () => {
    const { bus, sink, emit, disk } = busTo();
    disk.stall();
    emit(1);
    await vi.waitFor(() => expect(disk.hanging()).toBeGreaterThan(0));
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 1500);
    expect(() => sink.flushSync()).toThrowError(expect.objectContaining({ code: "LOOPS_STALL" }));
    vi.restoreAllMocks();
    expect(sink.stats()).toMatchObject({ delivered: 0, dropped: {} });
    disk.heal();
    expect((await bus.close()).ok).toBe(true);
    expect(new Set(numbersOf(await logFiles(path)))).toEqual(new Set([1]));
  });
});

describe("flushSync of an asynchronous sink", () => {
  it("writes all that is queued before it returns where nothing is in flight", async () => {
    const { bus, sink, emit } = busTo({ flushIntervalMs: 60_000 });
    emit(1);
    await bus.flush();
    emit(2, 3);
    sink.flushSync();
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(3);
    await bus.close();
    expect(numbersOf(await logFiles(path))).toEqual([1, 2, 3]);
  });

  it("writes the batch in flight again beside it: at least once, each line whole", async () => {
    const { bus, sink, emit, disk } = busTo({ maxBatchBytes: 2000 });
    emit(1);
    await bus.flush();
    disk.stall();
    emit(2, 100);
    sink.flushSync();
    expect(numbersOf(await logFiles(path))).toEqual(range(1, 100));
    expect(sink.stats()).toMatchObject({ delivered: 100, queued: 0, inFlight: 0 });
    disk.heal();
    emit(101);
    await bus.close();
    const all = numbersOf(await logFiles(path));
    expect([...new Set(all)].sort((a, b) => Number(a) - Number(b))).toEqual(range(1, 101));
    expect(all.length).toBeLessThan(150);
  });

  it("writes before the first batch has got the file, where nobody else has it", async () => {
    const { bus, sink, emit, disk } = busTo({ rotate: { maxBytes: 1000, maxFiles: 100 }, flushIntervalMs: 0 });
    writeFileSync(`${path}.lock`, JSON.stringify({ pid: 4_000_000, host: hostname(), nonce: "of one that died" }));
    disk.stall();
    emit(1, 50);
    await vi.waitFor(() => expect(disk.hanging()).toBeGreaterThan(0));
    sink.flushSync();
    expect(numbersOf(await logFiles(path))).toEqual(range(1, 50));
    disk.heal();
    emit(51);
    await bus.close();
    expect(new Set(numbersOf(await logFiles(path)))).toEqual(new Set(range(1, 51)));
    expect(readdirSync(folder).filter((name) => name.includes(".lock"))).toEqual([]);
  });

  const rotating = { maxBytes: 20_000, maxFiles: 1000 };
  it.each([
    ["a script that just ends", "", 0, undefined],
    ["process.exit", "process.exit(3)", 3, undefined],
    ["an uncaught error", "throw new Error('uncaught')", 1, undefined],
    ["process.exit, with rotation,", "process.exit(3)", 3, rotating],
    ["process.exit a moment later, with rotation,", "setImmediate(() => process.exit(3))", 3, rotating],
    ["an uncaught error, with rotation,", "throw new Error('uncaught')", 1, rotating],
  ])("on a disk that works %s loses nothing", async (_how, ending, code, rotate) => {
    const script = `
      import { createBus } from "@loops/core";
      import { jsonlTransport } from "@loops/jsonl";
      const bus = createBus();
      bus.addTransport(jsonlTransport({ path: process.argv[1], async: true, rotate: ${JSON.stringify(rotate)} }));
      for (let n = 0; n < 5000; n++) bus.emit({ event: "step", n });
      ${ending}`;
    const options = { cwd: import.meta.dirname, stdio: "ignore" } as const;
    const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script, path], options);
    expect(status).toBe(code);
    const all = (await logFiles(path)).flatMap(({ text }) => text.split("\n").filter((line) => line !== ""));
    expect(new Set(all.map((line) => JSON.parse(line).n)).size).toBe(5000);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});
