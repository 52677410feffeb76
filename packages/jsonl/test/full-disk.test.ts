import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus } from "@loops/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JsonlTransportOptions } from "../src/jsonl-options.js";
import { jsonlTransport } from "../src/jsonl-transport.js";
import { startWriter } from "./flushing-process.js";
import { logFiles, numbersOf, range } from "./rotated-log.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-full-disk-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const soon = { timeout: 20_000, interval: 5 };

function busTo(path: string, options: Partial<JsonlTransportOptions> = {}) {
  const errors: { code?: string; message: string }[] = [];
  const bus = createBus();
  const onError = (error: unknown) => errors.push(error as { message: string });
  const sink = jsonlTransport({ path, flushIntervalMs: 5, maxRetryMs: 20, onError, ...options });
  bus.addTransport(sink);
  const emit = (from: number, to: number) => {
    for (let n = from; n <= to; n++) bus.emit({ event: "step", n, pad: "x".repeat(100) });
  };
  return { bus, sink, emit, errors };
}

/** Whether this user may mount a small file system. */
function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const place = mkdtempSync(join(tmpdir(), "loops-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", place], { stdio: "ignore" });
    execFileSync("umount", [place]);
    return true;
  } catch {
    return false; // A container that may not: said below.
  } finally {
    rmSync(place, { recursive: true });
  }
}

const mountable = canMount();
if (!mountable) {
  process.stderr.write("skipped: a disk that is really full (needs root on Linux, with the right to mount a tmpfs)\n");
}

describe.runIf(mountable)("a disk that is really full", () => {
  let disk: string;
  beforeEach(() => {
    disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
  });
  afterEach(() => execFileSync("umount", ["--lazy", disk]));

  it.each([
    ["synchronous", {}],
    ["asynchronous", { async: true }],
    ["forced to the disk", { fsync: "batch" }],
    ["rotated", { rotate: { maxBytes: 30_000, maxFiles: 100 } }],
    ["rotated, asynchronous", { async: true, rotate: { maxBytes: 30_000, maxFiles: 100 } }],
  ] as const)(
    "J-6: is survived: events stay queued, are reported, and arrive once there is space (%s)",
    async (_kind, options) => {
      const ballast = join(disk, "ballast");
      writeFileSync(ballast, Buffer.alloc(180 * 1024));
      const path = join(disk, "events.jsonl");
      const { bus, sink, emit, errors } = busTo(path, options);
      emit(1, 1000); // About 180 kB; there is room for 76.
      await vi.waitFor(() => expect(errors[0]?.message).toMatch(/ENOSPC/), soon);
      expect((await bus.flush({ timeoutMs: 10 })).ok).toBe(false);
      const { received, delivered, queued, inFlight, dropped } = sink.stats();
      expect({ received, dropped }).toEqual({ received: 1000, dropped: {} });
      expect(delivered).toBeGreaterThan(300);
      expect(delivered + queued + inFlight).toBe(1000);
      rmSync(ballast);
      await vi.waitFor(() => expect(sink.stats().delivered).toBe(1000), soon);
      expect((await bus.close()).ok).toBe(true);
      const files = await logFiles(path);
      expect(numbersOf(files)).toEqual(range(1, 1000));
      if ("rotate" in options) for (const { text } of files) expect(text.length).toBeLessThanOrEqual(30_000);
    },
  );

  it("one that stays full costs what is above the bounds, counted, and no more", async () => {
    writeFileSync(join(disk, "ballast"), Buffer.alloc(250 * 1024));
    const path = join(disk, "events.jsonl");
    const { bus, sink, emit } = busTo(path, { maxQueueItems: 100 });
    emit(1, 1000);
    const report = await bus.close({ timeoutMs: 50 });
    const { delivered, dropped } = sink.stats();
    expect(report.ok).toBe(false);
    const { overflow = 0, deadline = 0 } = dropped;
    expect(delivered + overflow + deadline).toBe(1000);
    expect(deadline).toBeLessThanOrEqual(100);
    rmSync(join(disk, "ballast"));
    // What was torn by it is ended by the next writer.
    const next = busTo(path);
    next.emit(2001, 2003);
    await next.bus.close();
    const text = (await logFiles(path)).map((file) => file.text).join("");
    const whole = text.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
    expect(whole).toHaveLength(delivered + 3);
  });
});

it.runIf(existsSync("/dev/full"))("a device that takes nothing stops nobody, and is reported", async () => {
  for (const async of [false, true]) {
    const { bus, sink, emit, errors } = busTo("/dev/full", { async });
    emit(1, 10);
    await vi.waitFor(() => expect(errors).not.toEqual([]), soon);
    expect((await bus.close({ timeoutMs: 30 })).ok).toBe(false);
    expect(sink.stats()).toMatchObject({ delivered: 0, dropped: { deadline: 10 } });
    expect(errors[0]).toMatchObject({ code: "LOOPS_WRITE", message: expect.stringContaining("ENOSPC") });
  }
});

describe.runIf(process.platform !== "win32")("a limit on the size of files (EFBIG)", () => {
  it.each([
    ["moves", {}],
    ["empties", {}],
    ["moves", { async: true }],
    ["empties", { async: true }],
    ["empties", { fsync: "batch" }],
  ] as const)(
    "J-6: does not end the process; its events arrive once somebody %s the file (%s)",
    async (full, options) => {
      const path = join(folder, "events.jsonl");
      // In the shell's blocks, of 512 or 1024 bytes.
      const child = startWriter(path, "a", 2000, options, { wrap: 'ulimit -f 64; exec "$@"', full });
      try {
        await vi.waitFor(() => expect(child.flushed()).toBe(1999), soon);
        child.finish();
        expect(await child.ended).toEqual({ code: 0, signal: null });
        expect(child.errors()).not.toEqual([]);
        const asides = readdirSync(folder).length - 1;
        expect(asides).toBeGreaterThan(1);
        // A line of which a part was there before is whole afterwards, and nothing else is there twice.
        const files = [...range(1, asides).map((n) => `${path}-${n}`), path];
        expect(files.flatMap(wholeNumbers)).toEqual(range(0, 1999));
      } finally {
        child.kill();
        await child.ended;
      }
    },
  );
});

function wholeNumbers(path: string): unknown[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line).n);
}
