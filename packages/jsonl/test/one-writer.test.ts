import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus } from "@loops/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { jsonlTransport } from "../src/jsonl-transport.js";
import { type FlushingProcess, startWriter } from "./flushing-process.js";
import { eventsOf, logFiles, numbersOf, range } from "./rotated-log.js";

const long = process.env["LOOPS_LONG"] === "1";
let folder: string;
let path: string;
let processes: FlushingProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-one-writer-"));
  path = join(folder, "events.jsonl");
});
afterEach(async () => {
  for (const one of processes) one.kill();
  await Promise.all(processes.map((one) => one.ended));
  processes = [];
  rmSync(folder, { recursive: true, force: true });
});

const all = { maxBytes: 5000, maxFiles: Number.MAX_SAFE_INTEGER };
const start = (...args: Parameters<typeof startWriter>) => {
  const started = startWriter(...args);
  processes.push(started);
  return started;
};
const soon = { timeout: 20_000, interval: 5 };

function busTo(options: object = {}) {
  const errors: { code?: string }[] = [];
  const bus = createBus();
  const onError = (error: unknown) => errors.push(error as object);
  const sink = jsonlTransport({ path, rotate: all, flushIntervalMs: 5, maxRetryMs: 20, onError, ...options });
  bus.addTransport(sink);
  return { bus, sink, errors };
}

describe("a file that is rotated has one writer", () => {
  it.each([false, true])(
    "a second one of the same process waits, is reported, and takes over at close (async: %s)",
    async (async) => {
      const first = busTo({ async });
      const second = busTo({ async });
      first.bus.emit({ event: "step", n: 1 });
      await first.bus.flush();
      second.bus.emit({ event: "step", n: 2 });
      expect((await second.bus.flush({ timeoutMs: 50 })).ok).toBe(false);
      const message = expect.stringMatching(
        /^\[jsonl\] another writer .*in this process.*remove .*events\.jsonl\.lock/,
      );
      await vi.waitFor(() => expect(second.errors[0]).toMatchObject({ code: "LOOPS_FILE_OWNED", message }), soon);
      const { queued, inFlight, delivered, dropped } = second.sink.stats();
      expect({ held: queued + inFlight, delivered, dropped }).toEqual({ held: 1, delivered: 0, dropped: {} });
      await first.bus.close();
      await vi.waitFor(() => expect(second.sink.stats().delivered).toBe(1), soon);
      await second.bus.close();
      expect(numbersOf(await logFiles(path))).toEqual([1, 2]);
      expect(readdirSync(folder)).toEqual(["events.jsonl"]);
    },
  );

  it("a second one that cannot wait for ever keeps what it has within bounds, and counts the rest", async () => {
    const first = busTo();
    first.bus.emit({ event: "step", n: 1 });
    await first.bus.flush();
    const second = busTo({ maxQueueItems: 10 });
    for (let n = 0; n < 25; n++) second.bus.emit({ event: "step", n });
    expect(second.sink.stats()).toMatchObject({ queued: 10, dropped: { overflow: 15 } });
    const report = await second.bus.close({ timeoutMs: 30 });
    expect(report.sinks[0]).toMatchObject({ dropped: { overflow: 15, deadline: 10 } });
    await first.bus.close();
    expect(numbersOf(await logFiles(path))).toEqual([1]);
  });

  it("of two processes the second takes over when the first closes", async () => {
    const first = start(path, "a", 200, { rotate: all });
    await vi.waitFor(() => expect(first.flushed()).toBe(199), soon);
    expect(JSON.parse(readFileSync(`${path}.lock`, "utf8"))).toMatchObject({ pid: first.pid });
    const second = start(path, "b", 200, { rotate: all });
    await vi.waitFor(() => expect(second.errors()).toContain("LOOPS_FILE_OWNED"), soon);
    expect(second.flushed()).toBe(-1);
    first.finish();
    await vi.waitFor(() => expect(second.flushed()).toBe(199), soon);
    second.finish();
    await second.ended;
    expect(numbersOf(await logFiles(path))).toEqual([...range(0, 199), ...range(0, 199)]);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it("a lock is given up by process.exit, and by a script that just ends", async () => {
    const { execFileSync } = await import("node:child_process");
    for (const ending of ["process.exit(0)", ""]) {
      const script = `
        import { createBus } from "@loops/core";
        import { jsonlTransport } from "@loops/jsonl";
        const bus = createBus();
        bus.addTransport(jsonlTransport({ path: process.argv[1], rotate: { maxBytes: 1000 } }));
        for (let n = 0; n < 100; n++) bus.emit({ event: "step", n });
        await bus.flush();
        bus.emit({ event: "step", n: 100 });
        ${ending}`;
      execFileSync(process.execPath, ["--input-type=module", "-e", script, path], { cwd: import.meta.dirname });
      expect(existsSync(`${path}.lock`)).toBe(false);
      expect(numbersOf(await logFiles(path)).at(-1)).toBe(100);
    }
  });

  it("a kill at any moment of rotation and compression loses nothing that was flushed, tears and doubles nothing", async () => {
    const rotate = { maxBytes: 1500, maxFiles: Number.MAX_SAFE_INTEGER, gzip: true };
    const flushed = new Map<string, number>();
    const rounds = long ? 60 : 6;
    for (let round = 0; round < rounds; round++) {
      const writer = `w${round}`;
      const one = start(path, writer, 0, { rotate });
      await vi.waitFor(() => expect(one.flushed()).toBeGreaterThan(100 + 37 * round), soon);
      one.kill();
      await one.ended;
      flushed.set(writer, one.flushed());
    }
    const areCompressed = async () => (await logFiles(path)).slice(0, -1).every((file) => file.path.endsWith(".gz"));
    // The last one tidies up, and only its own lock was there to be taken. A close does not wait for ever: where many
    // kills have left many files, others may have to go on with it.
    for (let tidying = 0; tidying === 0 || (tidying < 5 && !(await areCompressed())); tidying++) {
      const last = start(path, "last", 10, { rotate });
      await vi.waitFor(() => expect(last.flushed()).toBe(9), soon);
      last.finish();
      await last.ended;
    }
    const files = await logFiles(path);
    for (const { text } of files) expect(text === "" || text.endsWith("\n")).toBe(true);
    const events = eventsOf(files);
    for (const [writer, upTo] of flushed) {
      const kept = events.filter((event) => event["writer"] === writer).map((event) => event["n"]);
      expect(kept.length).toBeGreaterThan(upTo);
      expect(kept).toEqual(range(0, kept.length - 1));
    }
    expect(events.map((event) => event["writer"])).toEqual(
      events.map((event) => event["writer"]).toSorted((a, b) => order(a) - order(b)),
    );
    expect(await areCompressed()).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp") || name.includes(".lock"))).toEqual([]);
  });

  it("of several processes that find the lock of a dead one, all write in the end, one after the other", async () => {
    const dead = start(path, "dead", 0, { rotate: all });
    await vi.waitFor(() => expect(dead.flushed()).toBeGreaterThan(0), soon);
    dead.kill();
    await dead.ended;
    const writers = ["a", "b", "c", "d"].map((writer) => ({ writer, one: start(path, writer, 300, { rotate: all }) }));
    for (const { one } of writers) one.finish();
    await Promise.all(writers.map(({ one }) => one.ended));
    const events = eventsOf(await logFiles(path)).filter((event) => event["writer"] !== "dead");
    for (const { writer } of writers) {
      const places = events.flatMap((event, index) => (event["writer"] === writer ? [index] : []));
      expect(places).toHaveLength(300);
      // Nobody wrote in between: while one had the file, it had it alone.
      expect(places).toEqual(range(places[0] ?? 0, (places[0] ?? 0) + 299));
    }
    expect(existsSync(`${path}.lock`)).toBe(false);
  });
});

const order = (writer: unknown) => (writer === "last" ? 1000 : Number(String(writer).slice(1)));
