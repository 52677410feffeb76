import { execFileSync, spawn } from "node:child_process";
import nodeFs, {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus, type LoopEvent } from "@loops/core";
import type { AppendFs } from "@loops/core/ndjson";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createTransport } from "./create-transport.js";
import type { JsonlTransportOptions } from "./jsonl-options.js";
import { jsonlTransport } from "./jsonl-transport.js";
import { readEvents } from "./read-events.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-jsonl-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inFolder = (...parts: string[]) => join(folder, ...parts);

function busTo(options: Partial<JsonlTransportOptions> = {}) {
  const errors: unknown[] = [];
  const bus = createBus({ onError: (error) => errors.push(error) });
  const sink = jsonlTransport({ path: inFolder("events.jsonl"), ...options });
  bus.addTransport(sink);
  const emit = (from: number, to = from) => {
    for (let n = from; n <= to; n++) bus.emit({ event: "step", n });
  };
  return { bus, sink, emit, errors };
}

async function read(path = inFolder("events.jsonl")) {
  const reader = readEvents(path);
  const events: LoopEvent[] = [];
  for await (const event of reader) events.push(event);
  return { numbers: events.map((event) => event["n"]), events, badLines: reader.badLines };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("writing", () => {
  it("J-1: makes the parent directories, at construction", () => {
    jsonlTransport({ path: inFolder("a", "b", "events.jsonl") });
    expect(existsSync(inFolder("a", "b"))).toBe(true);
    expect(existsSync(inFolder("a", "b", "events.jsonl"))).toBe(false);
  });

  it("J-2: appends one UTF-8 object per line, each ended by a newline, in emit order", async () => {
    writeFileSync(inFolder("events.jsonl"), '{"event":"before"}\n');
    const { bus, emit } = busTo();
    emit(1, 1000);
    bus.emit({ event: "text", text: "é 漢 \u0000 \ud800 line\nbreak" });
    await bus.close();
    const lines = readFileSync(inFolder("events.jsonl"), "utf8").split("\n");
    expect(lines).toHaveLength(1003);
    expect(lines.at(-1)).toBe("");
    expect(JSON.parse(lines.at(-2) ?? "")).toMatchObject({ text: "é 漢 \u0000 \ud800 line\nbreak" });
    expect((await read()).numbers).toEqual([undefined, ...range(1, 1000), undefined]);
  });

  it("J-3: writes compact UTF-8 and null for NaN", async () => {
    const { bus } = busTo();
    bus.emit({ event: "a", ts: "t", id: "i", value: Number.NaN, text: "é" });
    await bus.close();
    expect(readFileSync(inFolder("events.jsonl"), "utf8")).toBe(
      '{"event":"a","ts":"t","id":"i","value":null,"text":"é"}\n',
    );
  });

  it("J-4: all that was sent is in the file after flush, and after flushSync", async () => {
    const { bus, sink, emit } = busTo({ flushIntervalMs: 60_000 });
    emit(1);
    await bus.flush();
    expect((await read()).numbers).toEqual([1]);
    emit(2);
    sink.flushSync();
    expect((await read()).numbers).toEqual([1, 2]);
    await bus.close();
  });

  it("holds one descriptor and writes batches, not events", async () => {
    const calls = { open: 0, write: 0 };
    const fs: AppendFs = {
      ...nodeFs,
      openSync: (...args) => {
        calls.open++;
        return nodeFs.openSync(...args);
      },
      writeSync: ((...args: Parameters<typeof nodeFs.writeSync>) => {
        calls.write++;
        return nodeFs.writeSync(...args);
      }) as never,
    };
    const { bus, emit } = busTo({ fs });
    emit(1, 10_000);
    await bus.close();
    expect(calls.open).toBe(1);
    expect(calls.write).toBeLessThan(20);
    expect((await read()).numbers).toEqual(range(1, 10_000));
  });

  it("J-5: a file that was moved or deleted from outside is made anew by the next batch", async () => {
    const { bus, emit } = busTo();
    emit(1);
    await bus.flush();
    renameSync(inFolder("events.jsonl"), inFolder("moved.jsonl"));
    emit(2);
    await bus.flush();
    rmSync(inFolder("events.jsonl"));
    emit(3);
    await bus.close();
    expect((await read(inFolder("moved.jsonl"))).numbers).toEqual([1]);
    expect((await read()).numbers).toEqual([3]);
  });

  it("a removed directory is made anew", async () => {
    const { bus, emit } = busTo({ path: inFolder("deep", "events.jsonl") });
    emit(1);
    await bus.flush();
    rmSync(inFolder("deep"), { recursive: true });
    emit(2);
    expect((await bus.close()).ok).toBe(true);
    expect((await read(inFolder("deep", "events.jsonl"))).numbers).toEqual([2]);
  });

  it("J-7: close drains, and what is sent later is counted", async () => {
    const { bus, sink, emit } = busTo();
    emit(1, 3);
    const report = await bus.close();
    expect(report).toMatchObject({ ok: true, sinks: [{ delivered: 3, queued: 0 }] });
    sink.send({ event: "late", ts: "", id: "" }, { json: "{}", line: "{}\n", bytes: Buffer.from("{}\n") });
    expect(sink.stats()).toMatchObject({ received: 4, dropped: { closed: 1 } });
    expect((await read()).numbers).toEqual([1, 2, 3]);
  });

  it("J-8: is wired to events.jsonl below the base directory, readable by its owner alone, rotated as configured", async () => {
    const context = { baseDir: folder, resolvePath: (path: string) => inFolder(path), warn: () => {} };
    const transport = await createTransport({ flushIntervalMs: 5 }, context);
    const bus = createBus();
    bus.addTransport(transport as NonNullable<typeof transport>);
    bus.emit({ event: "a" });
    await bus.close();
    expect(statSync(inFolder("events.jsonl")).mode & 0o777).toBe(0o600);
    const rotate = { max_bytes: 200, maxFiles: 1, gzip: false };
    const rotating = await createTransport({ path: "r/e.jsonl", rotate, fsync: "flush" }, context);
    const second = createBus();
    second.addTransport(rotating as NonNullable<typeof rotating>);
    for (let n = 0; n < 10; n++) second.emit({ event: "step", n });
    await second.close();
    expect(readdirSync(inFolder("r"))).toEqual(["e.jsonl", "e.jsonl.4"]);
    expect(() => createTransport({ rotate: { max_size: 5 } }, context)).toThrowError(/rotate.maxSize is not known/);
    expect(() => createTransport({ rotate: true }, context)).toThrowError(/rotate must be an object/);
    expect(() => createTransport({ path: 5 }, context)).toThrowError(/path must be a text/);
    const warnings: string[] = [];
    await createTransport({ flushIntervlMs: 5 }, { ...context, warn: (message) => warnings.push(message) });
    expect(warnings).toEqual([expect.stringMatching(/flushIntervlMs is not known; did you mean flushIntervalMs\?/)]);
  });

  it("a tight loop of a hundred thousand emits drops nothing", async () => {
    const { bus, emit, sink } = busTo();
    emit(1, 100_000);
    expect(sink.stats().dropped).toEqual({});
    await bus.close();
    expect((await read()).numbers).toEqual(range(1, 100_000));
  });

  it("a relative path is that of the moment it was given", async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      const { bus, sink, emit } = busTo({ path: "relative.jsonl" });
      emit(1);
      await bus.flush();
      process.chdir(before);
      emit(2);
      await bus.close();
      expect(sink.path).toBe(inFolder("relative.jsonl"));
    } finally {
      process.chdir(before);
    }
    expect((await read(inFolder("relative.jsonl"))).numbers).toEqual([1, 2]);
  });

  it("a directory that cannot be made degrades the sink", async () => {
    const { bus, emit, errors } = busTo({ path: "/proc/nope/events.jsonl" });
    emit(1);
    expect((await bus.close({ timeoutMs: 20 })).ok).toBe(false);
    expect(errors[0]).toMatchObject({ code: "LOOPS_WRITE" });
  });

  it("says what is wrong with an option", () => {
    expect(() => jsonlTransport(undefined as never)).toThrowError(/path must name a file/);
    expect(() => jsonlTransport("events.jsonl" as never)).toThrowError(/jsonlTransport\(\{ path/);
    expect(() => jsonlTransport({ path: inFolder("x"), overflow: "drop" as never })).toThrowError(/overflow must be/);
    expect(() => jsonlTransport({ path: "" })).toThrowError(/\[jsonl\] path must name a file/);
    expect(() => jsonlTransport({ path: inFolder("x"), mode: "600" as never })).toThrowError(/mode must be/);
    expect(() => jsonlTransport({ path: inFolder("x"), maxQueueItems: -1 })).toThrowError(/maxQueueItems/);
    expect(() => jsonlTransport({ path: inFolder("x"), maxQueueItems: 0 })).toThrowError(/maxQueueItems must be 1 or/);
    expect(() => jsonlTransport({ path: inFolder("x"), maxQueueBytes: 0 })).toThrowError(/maxQueueBytes must be 1 or/);
  });

  it("leaves no listener behind, neither closed nor refused", async () => {
    const before = process.listenerCount("exit");
    const rotate = { maxBytes: 1000 };
    expect(() => jsonlTransport({ path: inFolder("x"), rotate, maxQueueItems: -1 })).toThrowError(/maxQueueItems/);
    expect(process.listenerCount("exit")).toBe(before);
    const sink = jsonlTransport({ path: inFolder("x"), rotate });
    expect(process.listenerCount("exit")).toBeGreaterThan(before);
    await sink.close();
    expect(process.listenerCount("exit")).toBe(before);
  });

  it("warns of an option that nobody knows, with the one that is likely meant", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const given = { path: inFolder("x"), rotatee: {}, flushIntervalMS: 5, maxQueueItms: 5, asnyc: true, color: "red" };
    await jsonlTransport(given).close();
    const said = warn.mock.calls.map(([message]) => String(message));
    warn.mockRestore();
    expect(said).toHaveLength(5);
    for (const name of ["rotate", "flushIntervalMs", "maxQueueItems", "async"]) {
      expect(said.filter((message) => message.endsWith(`did you mean ${name}?`))).toHaveLength(1);
    }
    expect(said[4]).toMatch(/\[jsonl\] the option color is not known; known are path, mode, /);
  });
});

describe("a torn last line", () => {
  it("is ended before the first record, which stays whole; the torn one is skipped and counted", async () => {
    writeFileSync(inFolder("events.jsonl"), '{"event":"whole"}\n{"event":"torn","n":');
    const { bus, emit } = busTo();
    emit(1);
    await bus.close();
    expect(await read()).toMatchObject({ numbers: [undefined, 1], badLines: 1 });
  });
});

describe("a disk that fails", () => {
  /** A file system whose writes can be told to fail, or to take only some bytes. */
  function faultyFs() {
    const faults = { error: null as string | null, bytesPerWrite: Number.POSITIVE_INFINITY };
    const fail = () => Object.assign(new Error(`${faults.error}: told to fail`), { code: faults.error });
    const fs: AppendFs = {
      ...nodeFs,
      writeSync: ((fd: number, buffer: Uint8Array, offset: number, length: number) => {
        if (faults.error !== null && faults.bytesPerWrite === Number.POSITIVE_INFINITY) throw fail();
        const count = Math.min(length, faults.bytesPerWrite);
        if (count === 0) throw fail();
        if (faults.error !== null) faults.bytesPerWrite = 0;
        return nodeFs.writeSync(fd, buffer, offset, count);
      }) as never,
    };
    return { fs, faults };
  }

  it("J-6: keeps the events queued, reports, and writes them once it recovers", async () => {
    const { fs, faults } = faultyFs();
    const { bus, sink, emit, errors } = busTo({ fs, flushIntervalMs: 5, maxRetryMs: 5 });
    emit(1);
    await bus.flush();
    faults.error = "ENOSPC";
    emit(2, 3);
    expect((await bus.flush({ timeoutMs: 30 })).ok).toBe(false);
    expect(sink.stats()).toMatchObject({ received: 3, delivered: 1, queued: 2, dropped: {} });
    expect(errors[0]).toMatchObject({
      code: "LOOPS_WRITE",
      message: expect.stringContaining(inFolder("events.jsonl")),
    });
    faults.error = null;
    await vi.waitFor(() => expect(sink.stats()).toMatchObject({ delivered: 3, queued: 0 }));
    await bus.close();
    expect(await read()).toMatchObject({ numbers: [1, 2, 3], badLines: 0 });
  });

  it("finishes a write that was cut short, with no line torn or doubled", async () => {
    const { fs, faults } = faultyFs();
    const { bus, emit } = busTo({ fs });
    faults.bytesPerWrite = 7;
    emit(1, 20);
    await bus.flush();
    faults.error = "ENOSPC"; // after seven more bytes
    emit(21, 40);
    await bus.flush({ timeoutMs: 20 });
    faults.error = null;
    faults.bytesPerWrite = Number.POSITIVE_INFINITY;
    expect((await bus.close()).ok).toBe(true);
    expect(await read()).toMatchObject({ numbers: range(1, 40), badLines: 0 });
  });

  it("does not let a line that was cut short swallow the next one when its batch is given up", async () => {
    const { fs, faults } = faultyFs();
    const { bus, emit } = busTo({ fs, overflow: "drop-oldest", maxQueueItems: 2, maxRetryMs: 100_000 });
    faults.error = "EIO";
    faults.bytesPerWrite = 7;
    emit(1, 2);
    await bus.flush({ timeoutMs: 10 });
    emit(3, 4);
    faults.error = null;
    faults.bytesPerWrite = Number.POSITIVE_INFINITY;
    await bus.close();
    expect(await read()).toMatchObject({ numbers: [3, 4], badLines: 1 });
  });

  it("what reached the file before a write was cut short is delivered, not written twice and not dropped", async () => {
    const { fs, faults } = faultyFs();
    const { bus, sink, emit } = busTo({ fs, overflow: "drop-oldest", maxQueueItems: 10, maxRetryMs: 100_000 });
    faults.error = "ENOSPC";
    faults.bytesPerWrite = 350; // after three lines and a part of the fourth
    emit(0, 9);
    await bus.flush({ timeoutMs: 10 });
    const { delivered } = sink.stats();
    expect(delivered).toBeGreaterThan(1);
    emit(10, 12);
    faults.error = null;
    faults.bytesPerWrite = Number.POSITIVE_INFINITY;
    await bus.close();
    const { numbers, badLines } = await read();
    expect(numbers).toEqual(range(0, 12));
    expect(badLines).toBe(0);
    expect(sink.stats()).toMatchObject({ received: 13, delivered: 13, dropped: {} });
  });

  it("at the deadline of close counts as dropped only what is not in the file", async () => {
    const { fs, faults } = faultyFs();
    const { bus, sink, emit } = busTo({ fs });
    faults.error = "ENOSPC";
    faults.bytesPerWrite = 350;
    emit(0, 9);
    await bus.close({ timeoutMs: 20 });
    const { numbers } = await read();
    const { delivered, dropped } = sink.stats();
    expect(numbers).toHaveLength(delivered);
    expect(dropped).toEqual({ deadline: 10 - delivered });
  });

  it("bounds what it holds, and counts what it drops", async () => {
    const { fs, faults } = faultyFs();
    faults.error = "EIO";
    const { bus, sink, emit } = busTo({ fs, maxQueueItems: 10 });
    emit(1, 25);
    expect(sink.stats()).toMatchObject({ received: 25, queued: 10, dropped: { overflow: 15 } });
    const report = await bus.close({ timeoutMs: 10 });
    expect(report.sinks[0]).toMatchObject({ ok: false, dropped: { overflow: 15, deadline: 10 }, queued: 0 });
  });

  it("a path that cannot be written degrades the sink, not the program", async () => {
    mkdirSync(inFolder("events.jsonl"));
    const { bus, emit, errors } = busTo();
    emit(1);
    await bus.flush({ timeoutMs: 10 });
    expect(errors[0]).toMatchObject({ code: "LOOPS_WRITE", message: expect.stringMatching(/check the path/) });
    rmSync(inFolder("events.jsonl"), { recursive: true });
    expect((await bus.close()).ok).toBe(true);
    expect((await read()).numbers).toEqual([1]);
  });
});

describe("a path that is no regular file", () => {
  it("a pipe without a reader stops nobody: events are held within bounds and counted", async () => {
    execFileSync("mkfifo", [inFolder("events.jsonl")]);
    const { bus, sink, emit } = busTo({ maxQueueItems: 100 });
    emit(1, 2000);
    const { received, queued, dropped } = sink.stats();
    expect({ received, queued, dropped }).toEqual({ received: 2000, queued: 100, dropped: { overflow: 1900 } });
    expect((await bus.close({ timeoutMs: 20 })).ok).toBe(false);
  });

  it("a pipe with a reader carries the lines", async () => {
    const pipe = inFolder("events.jsonl");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    reader.stdout.on("data", (chunk) => {
      text += chunk;
    });
    const { bus, emit } = busTo({ maxRetryMs: 10 });
    emit(1, 100);
    expect((await bus.close()).ok).toBe(true);
    await new Promise((resolve) => reader.on("close", resolve));
    expect(text.trim().split("\n")).toHaveLength(100);
  });
});

describe("reading", () => {
  it("J-9: a missing file is empty; blank lines are skipped, bad ones skipped and counted", async () => {
    expect(await read(inFolder("none.jsonl"))).toEqual({ numbers: [], events: [], badLines: 0 });
    const lines = ['{"event":"a","n":1}', "", "  ", "not json", "[]", "5", '{"type":"b","n":2}', '{"n":3', ""];
    writeFileSync(inFolder("mixed.jsonl"), lines.join("\n"));
    appendFileSync(inFolder("mixed.jsonl"), Buffer.from([0xff, 0xfe, 0x0a]));
    const bad: number[] = [];
    const reader = readEvents(inFolder("mixed.jsonl"), { onBad: ({ number }) => bad.push(number) });
    const names: string[] = [];
    for await (const event of reader) names.push(event.event);
    expect(names).toEqual(["a", "b"]);
    expect(reader.badLines).toBe(5);
    expect(bad).toEqual([4, 5, 6, 8, 9]);
  });

  it("J-3: reads what the original system wrote: blanks, ASCII escapes, bare NaN", async () => {
    writeFileSync(inFolder("old.jsonl"), '{"event": "state_enter", "ts": "t", "text": "\\u00e9", "n": NaN}\n');
    expect((await read(inFolder("old.jsonl"))).events).toEqual([
      { event: "state_enter", ts: "t", id: "", text: "é", n: null },
    ]);
  });
});
