import nodeFs, {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus } from "@loops/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JsonlTransportOptions } from "../src/jsonl-options.js";
import { jsonlTransport } from "../src/jsonl-transport.js";
import { readEvents } from "../src/read-events.js";
import { eventsOf, logFiles, numbersOf, range } from "./rotated-log.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-rotation-"));
  path = join(folder, "events.jsonl");
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const kinds = [
  ["synchronous", false],
  ["asynchronous", true],
] as const;

function busTo(options: Partial<JsonlTransportOptions> = {}) {
  const errors: { code?: string; message: string }[] = [];
  const bus = createBus();
  const onError = (error: unknown) => errors.push(error as { message: string });
  const sink = jsonlTransport({ path, rotate: { maxBytes: 1000 }, maxRetryMs: 5, onError, ...options });
  bus.addTransport(sink);
  const emit = (from: number, to = from, more: object = {}) => {
    for (let n = from; n <= to; n++) bus.emit({ event: "step", n, ...more });
  };
  return { bus, sink, emit, errors };
}

const names = () => readdirSync(folder).sort();

describe.each(kinds)("rotation by size, %s", (_kind, async) => {
  it("J-8: no file is larger than maxBytes, no line is torn, and the order goes on from file to file", async () => {
    const { bus, sink, emit } = busTo({ async, rotate: { maxBytes: 1000, maxFiles: Number.POSITIVE_INFINITY } });
    emit(1, 500);
    expect(await bus.close()).toMatchObject({ ok: true, sinks: [{ delivered: 500 }] });
    const files = await logFiles(path);
    for (const { text } of files) {
      expect(text.length).toBeLessThanOrEqual(1000);
      expect(text.endsWith("\n")).toBe(true);
    }
    // As full as whole lines allow.
    for (const { text } of files.slice(0, -1)) expect(text.length).toBeGreaterThan(850);
    expect(numbersOf(files)).toEqual(range(1, 500));
    expect(sink.rotation).toEqual({ rotatedFiles: files.length - 1, removedFiles: 0 });
  });

  it("goes on where the one before it stopped", async () => {
    for (const from of [1, 16, 31]) {
      const { bus, emit } = busTo({ async });
      emit(from, from + 14);
      await bus.close();
    }
    const files = await logFiles(path);
    expect(files.length).toBeGreaterThan(2);
    for (const { text } of files) expect(text.length).toBeLessThanOrEqual(1000);
    expect(numbersOf(files)).toEqual(range(1, 45));
  });

  it("keeps maxFiles of them, counts those it removes, and never uses a number twice", async () => {
    const { bus, sink, emit } = busTo({ async, rotate: { maxBytes: 1000, maxFiles: 2 } });
    emit(1, 100);
    await bus.flush();
    const files = await logFiles(path);
    expect(files).toHaveLength(3);
    const { rotatedFiles = 0, removedFiles } = sink.rotation ?? {};
    expect(removedFiles).toBe(rotatedFiles - 2);
    expect(files.map((file) => file.path)).toEqual([`${path}.${rotatedFiles - 1}`, `${path}.${rotatedFiles}`, path]);
    expect(numbersOf(files)).toEqual(range(101 - numbersOf(files).length, 100));
    for (const file of files) rmSync(file.path);
    emit(101, 120);
    await bus.close();
    expect(names()).toEqual(["events.jsonl", `events.jsonl.${rotatedFiles + 1}`]);
  });

  it("a file that readers hold keeps its lines: it is renamed once, and its content stays", async () => {
    const { bus, emit } = busTo({ async });
    emit(1, 3);
    await bus.flush();
    const { ino } = statSync(path);
    emit(4, 20);
    await bus.close();
    expect(statSync(`${path}.1`).ino).toBe(ino);
  });
});

describe("rotation", () => {
  it("J-8: whatever the sizes of lines and batches: order, bound, and a larger line has a file of its own", async () => {
    const sizes = fc.array(fc.oneof(fc.nat(120), fc.nat(700)), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 100, max: 600 }),
        fc.nat(300),
        async (pads, maxBytes, maxBatchBytes) => {
          rmSync(folder, { recursive: true, force: true });
          const rotate = { maxBytes, maxFiles: Number.POSITIVE_INFINITY };
          const { bus } = busTo({ rotate, maxBatchBytes, async: pads.length % 2 === 0 });
          pads.forEach((pad, n) => {
            bus.emit({ event: "é", n, pad: "ü".repeat(pad) });
          });
          expect((await bus.close()).ok).toBe(true);
          const files = await logFiles(path);
          expect(numbersOf(files)).toEqual(range(0, pads.length - 1));
          for (const { text } of files) {
            if (Buffer.byteLength(text) > maxBytes) expect(text.split("\n")).toHaveLength(2);
          }
        },
      ),
      { numRuns: process.env["LOOPS_LONG"] === "1" ? 1000 : 40 },
    );
  });

  it("by age: since the file was made, also by a writer before this one, and with the next line only", async () => {
    const rotate = { maxAgeMs: 3_600_000 };
    const first = busTo({ rotate });
    first.emit(1, 3);
    await first.bus.close();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_500_000 });
    const second = busTo({ rotate });
    second.emit(4);
    await second.bus.flush();
    expect(await logFiles(path)).toHaveLength(1);
    vi.setSystemTime(Date.now() + 200_000);
    expect(await logFiles(path)).toHaveLength(1);
    second.emit(5);
    await second.bus.flush();
    const files = await logFiles(path);
    expect(files.map((file) => numbersOf([file]))).toEqual([[1, 2, 3, 4], [5]]);
    await second.bus.close();
  });

  it("by age where the file system does not know when a file was made: not at all", async () => {
    const fs = {
      fstatSync: ((fd: number) => Object.assign(nodeFs.fstatSync(fd, { bigint: true }), { birthtimeMs: 0n })) as never,
    };
    const { bus, emit } = busTo({ rotate: { maxAgeMs: 1 }, fs });
    emit(1);
    await bus.flush();
    emit(2);
    await bus.close();
    expect(await logFiles(path)).toHaveLength(1);
  });

  it("a directory that does not let the file be renamed costs no event: the file grows, and it is tried again", async () => {
    let allowed = false;
    const fs = {
      renameSync: (from: nodeFs.PathLike, to: nodeFs.PathLike) => {
        if (!allowed && !String(from).includes(".lock"))
          throw Object.assign(new Error("EACCES: no"), { code: "EACCES" });
        renameSync(from, to);
      },
    };
    const { bus, sink, emit, errors } = busTo({ fs });
    emit(1, 50);
    await bus.flush();
    expect(numbersOf(await logFiles(path))).toEqual(range(1, 50));
    expect(errors[0]).toMatchObject({ code: "LOOPS_ROTATE", message: expect.stringContaining("EACCES") });
    expect(sink.rotation).toMatchObject({ rotatedFiles: 0 });
    allowed = true;
    emit(51, 55);
    await bus.close();
    expect(sink.rotation).toMatchObject({ rotatedFiles: 1 });
    expect(numbersOf(await logFiles(path))).toEqual(range(1, 55));
  });

  it("an old file that cannot be removed stays, and is reported", async () => {
    const fs = {
      unlinkSync: (name: nodeFs.PathLike) => {
        if (/\.1$/.test(String(name))) throw Object.assign(new Error("EPERM: no"), { code: "EPERM" });
        nodeFs.unlinkSync(name);
      },
    };
    const { bus, emit, errors } = busTo({ fs, rotate: { maxBytes: 1000, maxFiles: 1 } });
    emit(1, 50);
    expect((await bus.close()).ok).toBe(true);
    expect(errors[0]).toMatchObject({ code: "LOOPS_ROTATE", message: expect.stringMatching(/EPERM.*maxFiles stay/) });
    expect(numbersOf(await logFiles(path))).toEqual(range(1, 50));
  });

  it("a disk that is full in the middle of a batch: nothing is doubled, torn or out of order, over files", async () => {
    const faults = { budget: Number.POSITIVE_INFINITY };
    const fs = {
      writeSync: ((fd: number, bytes: Uint8Array, offset: number, length: number) => {
        const count = Math.min(length, faults.budget);
        if (count === 0) throw Object.assign(new Error("ENOSPC: full"), { code: "ENOSPC" });
        faults.budget -= count;
        return nodeFs.writeSync(fd, bytes, offset, count);
      }) as never,
    };
    for (let budget = 150; budget < 4000; budget += 173) {
      rmSync(folder, { recursive: true, force: true });
      faults.budget = Number.POSITIVE_INFINITY;
      const { bus, sink, emit } = busTo({ fs, rotate: { maxBytes: 1000, maxFiles: Number.POSITIVE_INFINITY } });
      emit(1, 2);
      await bus.flush();
      faults.budget = budget;
      emit(3, 40);
      await bus.flush({ timeoutMs: 10 });
      faults.budget = Number.POSITIVE_INFINITY;
      await bus.close();
      expect(sink.stats()).toMatchObject({ received: 40, delivered: 40, dropped: {} });
      const files = await logFiles(path);
      expect(numbersOf(files)).toEqual(range(1, 40));
      for (const { text } of files) expect(text.length).toBeLessThanOrEqual(1000);
    }
  });

  it("J-5: a file that is moved by another rotator is made anew", async () => {
    const { bus, emit } = busTo({ rotate: { maxBytes: 100_000 } });
    emit(1);
    await bus.flush();
    renameSync(path, `${path}-20260101`);
    emit(2);
    await bus.close();
    expect(numbersOf(await logFiles(path))).toEqual([2]);
  });

  it.each([
    ["is there", true],
    ["is not there yet", false],
  ])("of a link the file it leads to is put aside, not the link: one that %s", async (_how, there) => {
    const real = join(folder, "elsewhere", "real.jsonl");
    mkdirSync(join(folder, "elsewhere"));
    if (there) writeFileSync(real, "");
    symlinkSync(join("elsewhere", "real.jsonl"), path);
    const { bus, sink, emit } = busTo({ rotate: { maxBytes: 1000, maxFiles: Number.POSITIVE_INFINITY } });
    expect(sink.path).toBe(real);
    emit(1, 30);
    await bus.close();
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(sink.rotation?.rotatedFiles).toBeGreaterThan(1);
    expect(numbersOf(await logFiles(sink.path))).toEqual(range(1, 30));
    expect(readdirSync(folder).sort()).toEqual(["elsewhere", "events.jsonl"]);
  });

  it("a link that leads to itself is reported, as any path that cannot be written", async () => {
    symlinkSync("events.jsonl", path);
    const { bus, emit, errors } = busTo();
    emit(1);
    await bus.close({ timeoutMs: 50 });
    expect(errors[0]).toMatchObject({ code: "LOOPS_WRITE", message: expect.stringMatching(/tried again until close/) });
  });

  it("a pipe is never put aside", async () => {
    const { bus, emit, errors } = busTo({ path: "/dev/null", rotate: { maxBytes: 10 } });
    // Its lock cannot be made where devices are, or can: either way the device stays what it is.
    emit(1, 10);
    await bus.close({ timeoutMs: 50 });
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    expect(errors.filter((error) => error.code === "LOOPS_ROTATE")).toEqual([]);
  });

  it("says what is wrong with its options", () => {
    const wrong = (rotate: unknown) => () => jsonlTransport({ path, rotate: rotate as never });
    expect(wrong(true)).toThrowError(/rotate must be an object such as/);
    expect(wrong({})).toThrowError(/needs maxBytes, maxAgeMs or both/);
    // @ts-expect-error one of the bounds must be given
    expect(() => jsonlTransport({ path, rotate: {} })).toThrowError(/needs maxBytes/);
    // @ts-expect-error as above
    expect(() => jsonlTransport({ path, rotate: { gzip: true } })).toThrowError(/needs maxBytes/);
    expect(wrong({ maxSize: 5 })).toThrowError(/rotate.maxSize is not known; known are maxBytes/);
    expect(wrong({ maxBytes: "1M" })).toThrowError(/rotate.maxBytes must be a number from 1, not "1M"/);
    expect(wrong({ maxBytes: 0 })).toThrowError(/rotate.maxBytes must be a number from 1, not 0/);
    expect(wrong({ maxAgeMs: -1 })).toThrowError(/rotate.maxAgeMs must be a number from 1, not -1/);
    expect(wrong({ maxBytes: Number.NaN })).toThrowError(/not NaN/);
    expect(wrong({ maxBytes: 5, maxFiles: "5" })).toThrowError(/maxFiles must be a whole number from 1, .* not "5"/);
    expect(wrong({ maxBytes: 5, maxFiles: 0 })).toThrowError(/maxFiles must be a whole number from 1/);
    expect(wrong({ maxBytes: 5, gzip: "yes" })).toThrowError(/gzip must be true or false/);
    expect(() => jsonlTransport({ path, fsync: "always" as never })).toThrowError(/fsync must be "never", "flush" or/);
    expect(() => jsonlTransport({ path, async: 1 as never })).toThrowError(/async must be true or false/);
    expect(existsSync(path)).toBe(false);
  });
});

describe("compression", () => {
  const rotate = { maxBytes: 1000, maxFiles: 4, gzip: true };

  it("rotated files are compressed in the background; close waits for it", async () => {
    const { bus, emit } = busTo({ rotate });
    emit(1, 100);
    expect((await bus.close()).ok).toBe(true);
    const files = await logFiles(path);
    expect(files.map((file) => file.path.endsWith(".gz"))).toEqual([true, true, true, true, false]);
    expect(numbersOf(files)).toEqual(range(101 - numbersOf(files).length, 100));
    expect(names()).toHaveLength(5);
    if (process.platform !== "win32") expect(statSync(files[0]?.path ?? "").mode & 0o777).toBe(0o600);
    const seen: unknown[] = [];
    for await (const event of readEvents(path, { rotated: true })) seen.push(event["n"]);
    expect(seen).toEqual(numbersOf(files));
  });

  it("no more than maxFiles are left, also of files that were compressed while they were to be removed", async () => {
    for (let round = 0; round < 30; round++) {
      rmSync(folder, { recursive: true, force: true });
      const { bus, emit } = busTo({ rotate: { maxBytes: 1000, maxFiles: 1, gzip: true } });
      for (let n = 0; n < 20; n++) {
        emit(n * 10, n * 10 + 9);
        // Each tick lets the compression get a step further: it is met at every one of them.
        for (let tick = 0; tick < (n + round) % 7; tick++) await new Promise((resolve) => setImmediate(resolve));
        if (n % 2 === 1) await bus.flush();
      }
      await bus.close();
      const left = names();
      expect(left).toHaveLength(2);
      expect(left[1]).toMatch(/^events\.jsonl\.\d+\.gz$/);
    }
  });

  it("a file that was compressed between the look and its removal is removed all the same", async () => {
    const readdirSync = ((directory: string) => {
      const found = nodeFs.readdirSync(directory);
      if (found.includes("events.jsonl.1") && found.includes("events.jsonl.2")) renameSync(`${path}.1`, `${path}.1.gz`);
      return found;
    }) as never;
    const { bus, sink, emit } = busTo({ rotate: { maxBytes: 1000, maxFiles: 1 }, fs: { readdirSync } });
    emit(1, 30);
    await bus.close();
    expect(sink.rotation).toEqual({ rotatedFiles: 2, removedFiles: 1 });
    expect(names()).toEqual(["events.jsonl", "events.jsonl.2"]);
  });

  it("what a crash left in the middle of it is finished by the next writer", async () => {
    const { bus, emit } = busTo();
    emit(1, 25);
    await bus.close();
    const before = await logFiles(path);
    writeFileSync(`${path}.1.gz.tmp`, "half of it");
    writeFileSync(`${path}.2.gz`, "complete, or not");
    const next = busTo({ rotate });
    next.emit(26);
    await next.bus.close();
    const files = await logFiles(path);
    expect(files.map((file) => file.path)).toEqual([...before.slice(0, -1).map((file) => `${file.path}.gz`), path]);
    expect(numbersOf(files)).toEqual(range(1, 26));
    expect(names()).toHaveLength(files.length);
  });

  it("a file that cannot be compressed stays as it is, and is reported", async () => {
    const { bus, emit, errors } = busTo({ rotate });
    emit(1);
    await bus.flush();
    nodeFs.mkdirSync(`${path}.1.gz.tmp`);
    emit(2, 15);
    await bus.close();
    expect(errors[0]).toMatchObject({
      code: "LOOPS_ROTATE",
      message: expect.stringMatching(/compress .*events.jsonl.1:/),
    });
    expect(names()).toContain("events.jsonl.1");
    expect(numbersOf(await logFiles(path))).toEqual(range(1, 15));
  });

  it("the deadline of close holds: what is not compressed by then stays whole, for the next writer", async () => {
    const { bus, emit } = busTo({ rotate: { maxBytes: 20_000_000, gzip: true } });
    emit(1, 220, { text: "x".repeat(100_000) });
    const started = performance.now();
    await bus.close({ timeoutMs: 0 });
    expect(performance.now() - started).toBeLessThan(2000);
    expect(numbersOf(await logFiles(path))).toEqual(range(1, 220));
    expect(eventsOf(await logFiles(path)).every((event) => event["text"] !== undefined)).toBe(true);
  });
});
