import nodeFs, { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createBus } from "@loops/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { JsonlFs } from "../src/file-calls.js";
import type { JsonlTransportOptions } from "../src/jsonl-options.js";
import { jsonlTransport } from "../src/jsonl-transport.js";
import { logFiles, numbersOf, range } from "./rotated-log.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-fsync-"));
  path = join(folder, "events.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * A file system that keeps a record of what would survive a loss of power: what was written, and forced to the disk
 * together with the name of its file.
 */
function recordingFs() {
  const pathOf = new Map<number, string>();
  const written = new Map<string, number>();
  const safe = new Map<string, number>();
  const safeDirectories = new Set<string>();
  const calls: string[] = [];
  const faults = { sync: false };
  const fs: Partial<JsonlFs> = {
    openSync: ((name: string, ...rest: [string | number, number]) => {
      const fd = nodeFs.openSync(name, ...rest);
      pathOf.set(fd, name);
      return fd;
    }) as never,
    writeSync: ((fd: number, bytes: Uint8Array, offset: number, length: number) => {
      const name = pathOf.get(fd) ?? "";
      if (name === path) {
        calls.push("write");
        written.set(name, (written.get(name) ?? 0) + length);
      }
      return nodeFs.writeSync(fd, bytes, offset, length);
    }) as never,
    fdatasyncSync: (fd) => {
      const name = pathOf.get(fd) ?? "";
      calls.push("fdatasync");
      if (faults.sync) throw Object.assign(new Error("EIO: told to fail"), { code: "EIO" });
      nodeFs.fdatasyncSync(fd);
      safe.set(name, written.get(name) ?? 0);
    },
    fsyncSync: (fd) => {
      calls.push("fsync");
      nodeFs.fsyncSync(fd);
      safeDirectories.add(pathOf.get(fd) ?? "");
    },
    renameSync: (from, to) => {
      calls.push("rename");
      safeDirectories.clear();
      nodeFs.renameSync(from, to);
    },
  };
  const isSafe = () =>
    (written.get(path) ?? 0) > 0 && safe.get(path) === written.get(path) && safeDirectories.has(dirname(path));
  return { fs, faults, calls, isSafe, safeDirectories };
}

function busTo(options: Partial<JsonlTransportOptions>) {
  const disk = recordingFs();
  const errors: { code?: string; message: string }[] = [];
  const bus = createBus();
  const onError = (error: unknown) => errors.push(error as { message: string });
  const sink = jsonlTransport({ path, flushIntervalMs: 60_000, maxRetryMs: 5, fs: disk.fs, onError, ...options });
  bus.addTransport(sink);
  const emit = (from: number, to = from) => {
    for (let n = from; n <= to; n++) bus.emit({ event: "step", n });
  };
  return { bus, sink, emit, errors, disk };
}

describe("fsync", () => {
  it('"never" forces nothing to the disk', async () => {
    const { bus, emit, disk } = busTo({ rotate: { maxBytes: 500 } });
    emit(1, 20);
    await bus.flush();
    await bus.close();
    expect(disk.calls.filter((call) => call.includes("sync"))).toEqual([]);
  });

  it('"flush": after flush, flushSync and close all lines and the names of their files are on the disk', async () => {
    const { bus, sink, emit, disk } = busTo({ fsync: "flush", maxBatchBytes: 200 });
    emit(1, 10);
    expect(disk.calls).toContain("write");
    expect(disk.calls).not.toContain("fdatasync");
    await bus.flush();
    expect(disk.isSafe()).toBe(true);
    emit(11);
    sink.flushSync();
    expect(disk.isSafe()).toBe(true);
    emit(12);
    await bus.close();
    expect(disk.isSafe()).toBe(true);
  });

  it('"flush" with nothing new to force forces nothing', async () => {
    const { bus, emit, disk } = busTo({ fsync: "flush" });
    emit(1);
    await bus.flush();
    const { length } = disk.calls;
    await bus.flush();
    await bus.close();
    expect(disk.calls).toHaveLength(length);
  });

  it('"batch": what counts as delivered is on the disk, whoever flushes or not', async () => {
    const { bus, sink, emit, disk } = busTo({ fsync: "batch", maxBatchBytes: 200 });
    emit(1, 3);
    expect(sink.stats().delivered).toBeGreaterThan(0);
    expect(disk.isSafe()).toBe(true);
    await bus.close();
    expect(disk.isSafe()).toBe(true);
  });

  it("forces a file to the disk before it is put aside, and the names after it", async () => {
    for (const fsync of ["flush", "batch"] as const) {
      const { bus, emit, disk } = busTo({ fsync, rotate: { maxBytes: 500 } });
      emit(1, 20);
      await bus.flush();
      expect(disk.safeDirectories.has(folder)).toBe(true);
      const writes = disk.calls.filter((call) => call === "write").length;
      expect(disk.calls.filter((call) => call === "fdatasync").length).toBe(writes);
      await bus.close();
    }
  });

  it("forces the names of directories that were made for it too", async () => {
    const { bus, emit, disk } = busTo({ fsync: "batch", path: join(folder, "a", "b", "events.jsonl") });
    emit(1);
    await bus.close();
    for (const directory of [folder, join(folder, "a"), join(folder, "a", "b")]) {
      expect(disk.safeDirectories.has(directory)).toBe(true);
    }
  });

  it('"batch": a batch that could not be forced to the disk is not delivered: it is written again', async () => {
    const { bus, sink, emit, disk, errors } = busTo({ fsync: "batch" });
    disk.faults.sync = true;
    emit(1, 3);
    expect((await bus.flush({ timeoutMs: 10 })).ok).toBe(false);
    expect(sink.stats()).toMatchObject({ delivered: 0, queued: 3 });
    expect(errors[0]).toMatchObject({ code: "LOOPS_WRITE", message: expect.stringContaining("EIO") });
    disk.faults.sync = false;
    expect((await bus.close()).ok).toBe(true);
    expect([...new Set(numbersOf(await logFiles(path)))]).toEqual(range(1, 3));
  });

  it('"flush": a flush that could not force its lines to the disk says so', async () => {
    const { bus, emit, disk } = busTo({ fsync: "flush" });
    disk.faults.sync = true;
    emit(1);
    const report = await bus.flush();
    expect(report.sinks[0]).toMatchObject({ ok: false, delivered: 1, error: { code: "LOOPS_WRITE" } });
    expect(await bus.close()).toMatchObject({ ok: false });
    expect(numbersOf(await logFiles(path))).toEqual([1]);
  });

  it("an asynchronous sink keeps the same promises", async () => {
    let synced = 0;
    const fdatasync = ((fd: number, done: (error: Error | null) => void) => {
      nodeFs.fdatasync(fd, (error) => {
        synced++;
        done(error);
      });
    }) as never;
    for (const fsync of ["flush", "batch"] as const) {
      const { bus, emit } = busTo({ fsync, async: true, fs: { fdatasync } });
      const before = synced;
      emit(1, 10);
      expect((await bus.flush()).ok).toBe(true);
      expect(synced).toBe(before + 1);
      await bus.close();
    }
  });
});
