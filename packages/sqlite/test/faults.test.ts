import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openSqlite } from "../src/database/open-sqlite.js";
import { sqliteTransport } from "../src/index.js";
import { busWith, eventsIn, freshFolder, sqlOn } from "./fresh-database.js";
import { canMount, smallDisk } from "./small-disk.js";

let place: ReturnType<typeof freshFolder>;
beforeEach(() => {
  place = freshFolder();
});
afterEach(() => place.remove());

const script = fileURLToPath(new URL("./fixtures/writes.mjs", import.meta.url));
const soon = { timeout: 20_000, interval: 5 };
const numbersIn = (path: string) => eventsIn(path).map(({ n }) => n);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

it("Q-10: what cannot be opened is told and counted, the loop goes on, and what waited is written once it can be", async () => {
  // A directory stands where the file should be.
  const path = join(place.folder, "taken", "session.db");
  writeFileSync(join(place.folder, "taken"), "");
  const { bus, sink, errors } = busWith({ path, maxQueueItems: 2 });
  for (const n of [0, 1, 2]) bus.emit({ event: "step", n });
  await vi.waitFor(() => expect(errors.length).toBeGreaterThan(1), soon);
  expect(sink.stats()).toMatchObject({ received: 3, delivered: 0, dropped: { overflow: 1 } });
  renameSync(join(place.folder, "taken"), join(place.folder, "gone"));
  await bus.flush();
  expect(numbersIn(path)).toEqual([0, 1]);
  expect(sink.stats()).toMatchObject({ delivered: 2, dropped: { overflow: 1 }, queued: 0 });
  await bus.close();
});

it("Q-14: a batch that fails in its middle leaves nothing, is written again as a whole, and what it had is there once", async () => {
  const { bus, sink } = busWith({ path: place.path });
  bus.emit({ event: "step", n: 0 });
  await bus.flush();
  // Runs are written last: it fails when the events and their words are in already.
  sqlOn(place.path, "create trigger fails before insert on runs begin select no_such_function(); end");
  for (const n of [1, 2, 3]) bus.emit({ event: "step", n, run_id: "r" });
  await expect(sink.flush({ timeoutMs: 50 })).rejects.toMatchObject({ code: "LOOPS_FLUSH_TIMEOUT" });
  expect(numbersIn(place.path)).toEqual([0]);
  sqlOn(place.path, "drop trigger fails");
  expect(await bus.close()).toMatchObject({ ok: true });
  expect(numbersIn(place.path)).toEqual(upTo(4));
  expect(sqlOn(place.path, "select count(*) as n from search_index where search_index match 'step'")).toEqual([
    { n: 4 },
  ]);
});

it("Q-14: an event that comes twice, from one process or two, is there once, and found once", async () => {
  const event = { event: "loop_complete", id: "same", run_id: "r", terminated_by: "terminal", iterations: 1 };
  for (let time = 0; time < 2; time++) {
    const { bus, sink } = busWith({ path: place.path });
    bus.emit(event);
    bus.emit({ ...event, terminated_by: "error" });
    await bus.close();
    expect(sink.stats()).toMatchObject({ delivered: 2 });
  }
  expect(eventsIn(place.path)).toHaveLength(1);
  expect(sqlOn(place.path, "select rowid from search_index where search_index match 'loop_complete'")).toHaveLength(1);
  expect(sqlOn(place.path, "select status from runs")).toEqual([{ status: "completed" }]);
});

it("Q-15: close is idempotent, and what comes after it is counted", async () => {
  const { sink, bus } = busWith({ path: place.path });
  bus.emit({ event: "step", n: 0 });
  await Promise.all([sink.close(), sink.close()]);
  await sink.close();
  bus.emit({ event: "step", n: 1 });
  expect(sink.stats()).toMatchObject({ delivered: 1, dropped: { closed: 1 } });
  expect(numbersIn(place.path)).toEqual([0]);
  await bus.close();
});

it("while another process holds the lock events wait, without holding up the event loop, and are written after it", async () => {
  const { bus, sink, errors } = busWith({ path: place.path, lockTimeoutMs: 50 });
  bus.emit({ event: "step", n: 0 });
  await bus.flush();
  const other = openSqlite({ path: place.path });
  other.exec("begin immediate");
  bus.emit({ event: "step", n: 1 });
  await vi.waitFor(() => expect(errors[0]?.message).toContain("is locked by another process"), soon);
  other.exec("commit");
  other.close();
  await sink.flush();
  expect(numbersIn(place.path)).toEqual([0, 1]);
  await bus.close();
});

it("a short lock is waited for and told to nobody", async () => {
  const { bus, sink, errors } = busWith({ path: place.path, lockTimeoutMs: 5000 });
  bus.emit({ event: "step", n: 0 });
  await bus.flush();
  const other = openSqlite({ path: place.path });
  other.exec("begin immediate");
  bus.emit({ event: "step", n: 1 });
  await vi.waitFor(() => expect(sink.stats().inFlight).toBe(1), soon);
  other.exec("commit");
  other.close();
  await bus.close();
  expect(numbersIn(place.path)).toEqual([0, 1]);
  expect(errors).toEqual([]);
});

it("a file that is no database is told of and left alone; once it is moved away a new one takes what waited", async () => {
  const text = "this is a letter, and no database. ".repeat(200);
  writeFileSync(place.path, text);
  const { bus, sink, errors } = busWith({ path: place.path });
  bus.emit({ event: "step", n: 0 });
  await vi.waitFor(() => expect(errors[0]?.message).toContain("is damaged, or is no database"), soon);
  expect(sink.stats()).toMatchObject({ delivered: 0, dropped: {} });
  renameSync(place.path, join(place.folder, "letter"));
  await sink.flush();
  expect(numbersIn(place.path)).toEqual([0]);
  await bus.close();
});

it("a database that is damaged while it is written is told of, and a new one in its place takes what waited", async () => {
  const { bus, sink, errors } = busWith({ path: place.path });
  bus.emit({ event: "step", n: 0 });
  await sink.flush();
  sqlOn(place.path, "pragma wal_checkpoint(truncate)");
  writeFileSync(place.path, Buffer.alloc(40_960, 7), { flag: "r+" });
  bus.emit({ event: "step", n: 1 });
  await vi.waitFor(() => expect(errors[0]?.message).toMatch(/damaged|malformed/), soon);
  for (const end of ["", "-wal", "-shm"]) {
    if (existsSync(place.path + end)) renameSync(place.path + end, join(place.folder, `bad${end}`));
  }
  await sink.flush();
  expect(numbersIn(place.path)).toEqual([1]);
  await bus.close();
});

it("a file that is deleted or moved while it is open is made anew, and nothing goes into the old one", async () => {
  const { bus, sink } = busWith({ path: place.path });
  bus.emit({ event: "step", n: 0 });
  await sink.flush();
  const moved = join(place.folder, "moved.db");
  for (const end of ["", "-wal", "-shm"]) renameSync(place.path + end, moved + end);
  bus.emit({ event: "step", n: 1 });
  await bus.close();
  expect([numbersIn(moved), numbersIn(place.path)]).toEqual([[0], [1]]);
});

it("of a file that is moved by itself, without its log, all that was written stays", async () => {
  const { bus, sink } = busWith({ path: place.path });
  for (let n = 0; n < 300; n++) bus.emit({ event: "step", n });
  await sink.flush();
  renameSync(place.path, join(place.folder, "moved.db"));
  bus.emit({ event: "step", n: 300 });
  await bus.close();
  // A copy, because libsql may still hold what it has closed.
  copyFileSync(join(place.folder, "moved.db"), join(place.folder, "copy.db"));
  expect([numbersIn(join(place.folder, "copy.db")), numbersIn(place.path)]).toEqual([upTo(300), [300]]);
});

it("the log does not grow without end: not with long texts, and not by many that write little beside one that reads", async () => {
  const size = () => statSync(`${place.path}-wal`).size;
  const line = "x".repeat(50_000);
  const reader = openSqlite({ path: place.path });
  reader.exec("create table theirs (a)");
  let largest = 0;
  for (let round = 0; round < 10; round++) {
    const { bus, sink } = busWith({ path: place.path, maxBatchItems: 10 });
    for (let n = 0; n < 20; n++) bus.emit({ event: "step", n, line });
    await sink.flush();
    await bus.close();
    largest = Math.max(largest, size());
  }
  expect(sqlOn(place.path, "select count(*) as n from events")).toEqual([{ n: 200 }]);
  reader.close();
  expect(largest).toBeLessThan(5_000_000);
});

it("an event that the database refuses is a dead letter, those around it are written", async () => {
  const { bus, sink, errors } = busWith({ path: place.path });
  bus.emit({ event: "step", n: 0 });
  await sink.flush();
  sqlOn(
    place.path,
    "create trigger poison before insert on events when new.event = 'bad' begin select raise(abort, 'no'); end",
  );
  for (let n = 1; n < 100; n++) bus.emit({ event: n % 40 === 0 ? "bad" : "step", n });
  await bus.close();
  expect(sink.stats()).toMatchObject({ delivered: 98, dropped: { "dead-letter": 2 } });
  expect(numbersIn(place.path)).toEqual(upTo(100).filter((n) => n === 0 || n % 40 !== 0));
  expect(errors[0]?.message).toContain("refuses 2 events");
});

it("flushSync writes what is queued before it returns, also before the file was ever opened", () => {
  const sink = sqliteTransport({ path: place.path });
  for (let n = 0; n < 300; n++) sink.send({ event: "step", ts: "", id: `id-${n}` }, encoded({ event: "step", n }));
  sink.flushSync?.();
  expect(numbersIn(place.path)).toEqual(upTo(300));
  void sink.close();
});

it("at the end of a process a short lock of another one is waited for, and one that stays is counted", () => {
  const ends = (path: string) => {
    const code = `import { createBus } from "@loops/core"; import { sqliteTransport } from "@loops/sqlite";
      const bus = createBus(); bus.addTransport(sqliteTransport({ path: process.argv[1] }));
      bus.emit({ event: "step", n: 0 }); process.exit()`;
    const args = ["--input-type=module", "--eval", code, path];
    return spawnSync(process.execPath, args, { encoding: "utf8", cwd: dirname(script) }).stderr;
  };
  ends(place.path);
  expect(numbersIn(place.path)).toEqual([0]);
  const other = openSqlite({ path: place.path });
  other.exec("begin immediate");
  expect(ends(place.path)).toContain("undelivered at exit: 1");
  other.exec("commit");
  other.close();
});

const encoded = (event: object) => {
  const json = JSON.stringify(event);
  return { json, line: `${json}\n`, bytes: Buffer.from(`${json}\n`) };
};

it("with flush-sync a queue that is full is written, and nothing is dropped however fast events come", async () => {
  const { bus, sink } = busWith({ path: place.path, overflow: "flush-sync", maxQueueItems: 500 });
  for (let n = 0; n < 3000; n++) bus.emit({ event: "step", n });
  await bus.close();
  expect(sink.stats()).toMatchObject({ delivered: 3000, dropped: {} });
  expect(numbersIn(place.path)).toEqual(upTo(3000));
});

const mountable = canMount();
describe.runIf(mountable)("a disk of its own", () => {
  it("a full disk is told of, and what waited is written once there is room", async () => {
    const disk = smallDisk(600);
    try {
      const path = join(disk.path, "session.db");
      const { bus, sink, errors } = busWith({ path });
      const line = "x".repeat(1000);
      for (let n = 0; n < 600; n++) bus.emit({ event: "step", n, line });
      await vi.waitFor(() => expect(errors[0]?.message).toMatch(/has no room|cannot be opened/), soon);
      expect(sink.stats().queued + sink.stats().inFlight).toBeGreaterThan(0);
      disk.remount("size=30m");
      expect(await bus.close()).toMatchObject({ ok: true });
      expect(numbersIn(path)).toEqual(upTo(600));
      expect(sqlOn(path, "pragma integrity_check")).toEqual([{ integrity_check: "ok" }]);
    } finally {
      disk.remove();
    }
  });

  it("a disk that becomes read-only is told of, and what waited is written once it can be", async () => {
    const disk = smallDisk(4000);
    try {
      const path = join(disk.path, "session.db");
      // In a process of its own: libsql lets go of a closed file only when its statements are collected.
      execFileSync(process.execPath, [script, JSON.stringify({ path }), "first", "1"]);
      disk.remount("ro");
      const { bus, errors } = busWith({ path });
      bus.emit({ event: "step", n: 1 });
      await vi.waitFor(() => expect(errors[0]?.message).toMatch(/cannot be (written|opened)/), soon);
      disk.remount("rw");
      expect(await bus.close()).toMatchObject({ ok: true });
      expect(numbersIn(path)).toEqual([0, 1]);
    } finally {
      disk.remove();
    }
  });
});
