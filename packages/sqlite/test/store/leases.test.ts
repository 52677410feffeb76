import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { isAlive } from "@loops/core/process";
import type { RunState } from "@loops/fsm";
import type { Kysely } from "kysely";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openDatabase, whileBusy } from "../../src/database/open-database.js";
import type { StoreTables } from "../../src/store/schema.js";
import { type SqlStoreOptions, sqlStore } from "../../src/store.js";
import { newDatabase, type Place, placesFor } from "./places.js";
import { proxyTo } from "./proxy.js";

const { all, postgres } = await placesFor("leases in PostgreSQL");
const machine = fileURLToPath(new URL("../fixtures/machine.mjs", import.meta.url));
const soon = { timeout: 10_000, interval: 20 };
let runs = 0;

function openStore(given: Place["given"], options: Partial<SqlStoreOptions> = {}) {
  const store = sqlStore({ ...given, ...options } as SqlStoreOptions);
  onTestFinished(() => store.close());
  return store;
}

const newRun = (fields = {}) => ({
  run_id: `RUN${++runs}`,
  loop_name: "fix",
  status: "running",
  started_at: "2026-01-15T10:30:00.123Z",
  parent_run_id: null,
  captured: {},
  ...fields,
});
let events = 0;
const event = (name = "step") => ({ event: name, ts: "2026-01-15T10:30:00.123Z", id: `e-${++events}` });

describe.each(all)("on %s", (_name, place) => {
  it("an owner on another machine that sleeps longer than its lease is fenced: another goes on, its action ends", async () => {
    const { given, folder } = await place();
    const definition = {
      name: "waits",
      initial: "wait",
      max_iterations: 9,
      states: {
        wait: { action: "echo $$ >>begun; sleep 60; echo woken >>late", next: "done" },
        done: { terminal: true },
      },
    };
    const args = ["machine-a", JSON.stringify(given), "800", JSON.stringify(definition)];
    const child = spawn(process.execPath, [machine, ...args], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const said = text(child.stdout);
    const begun = join(folder, "begun");
    await vi.waitFor(() => expect(existsSync(begun) && readFileSync(begun, "utf8")).toMatch(/\n$/), soon);
    const action = { pid: Number(readFileSync(begun, "utf8")), start_time: null, boot_id: null };

    const store = openStore(given);
    const { run_id } = (await store.find("waits")) as RunState;
    await expect(store.acquire(run_id)).rejects.toMatchObject({ code: "LOOPS_RUN_OWNED" });
    child.kill("SIGSTOP");
    // The process is there all the time: it is its lease that ends.
    const heir = await vi.waitFor(() => store.acquire(run_id), soon);
    await heir.commit([event("loop_resume")], { set: { iteration: 7 } });
    child.kill("SIGCONT");

    expect(await said).toBe("LOOPS_LEASE_LOST\n");
    await vi.waitFor(() => expect(isAlive(action)).toBe(false), soon);
    const recorded = await store.readEvents("waits", run_id);
    expect(recorded.at(-1)?.event).toBe("loop_resume");
    expect(await store.find(run_id)).toMatchObject({ iteration: 7, status: "running" });
    await heir.commit([event()], { set: { iteration: 8 } });
    await heir.release();
  });

  it("an owner that is quiet for longer than its lease keeps it: the heartbeat renews it, and writes the mark", async () => {
    const { given } = await place();
    const store = openStore(given, { leaseMs: 300 });
    const lease = await store.create(newRun());
    await lease.commit([event()], {});
    await lease.markFlushed(1);
    const elsewhere = vi.waitFor(async () => {
      const row = await rowOf(given, lease.runId);
      expect(row.lease_until_ms).toBeGreaterThan(first.lease_until_ms + 600);
      expect(row.flushed_seq).toBe(1);
    }, soon);
    const first = await rowOf(given, lease.runId);
    await elsewhere;
    await lease.commit([event()], {});
    expect(lease.lost?.aborted).toBe(false);
    await lease.release();
  });

  it("an owner that has lost its run is told while it is quiet, and commits nothing more", async () => {
    const { given } = await place();
    const store = openStore(given, { leaseMs: 300 });
    const lease = await store.create(newRun());
    await lease.commit([event()], {});
    await change(given, lease.runId);
    await vi.waitFor(() => expect(lease.lost?.aborted).toBe(true), soon);
    await expect(lease.commit([event()], {})).rejects.toMatchObject({ code: "LOOPS_LEASE_LOST" });
    await lease.release();
    expect((await rowOf(given, lease.runId)).owner).toBe('{"pid":1,"host":"machine-b"}');
  });

  it("of many that begin the same loop at once one has the loop's place, and all begin", async () => {
    const { given } = await place();
    const stores = Array.from({ length: 4 }, () => openStore(given));
    const leases = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => {
        const lease = await stores[n % 4]?.create(newRun(), { clearPrevious: true });
        await lease?.commit([event()], {});
        return lease;
      }),
    );
    const rows = await Promise.all(leases.map((lease) => rowOf(given, lease?.runId ?? "")));
    expect(rows.filter(({ in_place }) => in_place === 1)).toHaveLength(1);
    await Promise.all(leases.map((lease) => lease?.release()));
  });

  it("a run whose process died before its first commit never was: its id and its place are free", async () => {
    const { given } = await place();
    const store = openStore(given);
    const unborn = await store.create(newRun());
    await change(given, unborn.runId, '{"pid":4194301,"host":"gone"}', 0);
    expect((await store.list()).runs).toEqual([]);
    await expect(store.acquire(unborn.runId)).rejects.toMatchObject({ code: "LOOPS_RUN_NOT_FOUND" });
    const again = await store.create(newRun({ run_id: unborn.runId }));
    await again.commit([event()], {});
    expect((await rowOf(given, again.runId)).in_place).toBe(1);
    await again.release();
  });
});

describe.skipIf(postgres === undefined)("on a PostgreSQL that cannot be reached", () => {
  if (postgres === undefined) return;

  it("a commit whose answer was lost is not made again, and counts", async () => {
    const url = await newDatabase(postgres);
    const proxy = await proxyTo(postgres.port);
    const store = openStore({ url: url.replace(/:\d+\//, `:${proxy.port}/`) });
    const lease = await store.create(newRun());
    await lease.commit([event("first")], {});
    proxy.loseAnswer();
    await lease.commit([event("second")], { set: { iteration: 1 } });
    expect(proxy.lost).toBe(1);
    await lease.commit([event("third")], { set: { iteration: 2 } });
    const read = await store.readEvents("fix", lease.runId);
    expect(read.map((one) => one.event)).toEqual(["first", "second", "third"]);
    expect(lease.seq).toBe(3);
    await lease.release();
  });

  it("a run whose taking was never answered is the one's who took it, or free: nobody is kept out", async () => {
    const url = await newDatabase(postgres);
    const proxy = await proxyTo(postgres.port);
    const store = openStore({ url: url.replace(/:\d+\//, `:${proxy.port}/`) });
    const first = await store.create(newRun());
    await first.commit([event("first")], {});
    await first.release();
    for (let n = 0; n < 4; n++) {
      proxy.loseAnswer(n);
      const lease = await store.acquire(first.runId);
      await lease.commit([event()], {});
      proxy.loseAnswer(0);
      await lease.release();
      expect(await store.isOwned(first.runId)).toBe(false);
    }
  });

  it("connections that pass nothing any more are broken, and what waited is done on new ones: nothing is lost", async () => {
    const url = await newDatabase(postgres);
    const proxy = await proxyTo(postgres.port);
    const store = openStore({ url: url.replace(/:\d+\//, `:${proxy.port}/`) }, { leaseMs: 4000 });
    const lease = await store.create(newRun());
    await lease.commit([event("first")], {});
    // As many as the store has connections, and more.
    const listed = () => Array.from({ length: 7 }, () => store.list());
    await Promise.all(listed());
    // The system would say so after a quarter of an hour.
    proxy.silence();
    await Promise.all([lease.commit([event("second")], {}), ...listed()]);
    expect((await store.readEvents("fix", lease.runId)).map((one) => one.event)).toEqual(["first", "second"]);
    await lease.release();
  });

  it("a server that says nothing keeps a store from neither opening later nor closing, and no socket stays behind", async () => {
    const url = await newDatabase(postgres);
    const proxy = await proxyTo(postgres.port);
    const given = { url: url.replace(/:\d+\//, `:${proxy.port}/`) };
    const [store, closing] = [openStore(given, { timeoutMs: 1200 }), openStore(given, { timeoutMs: 60_000 })];
    proxy.silence("for good");
    const waiting = Promise.resolve(closing.list()).catch((error: unknown) => error);
    await expect(store.list()).rejects.toMatchObject({ code: "LOOPS_STORE_READ" });
    await closing.close();
    expect(await waiting).toMatchObject({ code: "LOOPS_STORE_READ" });
    proxy.heal();
    expect((await store.list()).runs).toEqual([]);
    proxy.silence("for good");
    const last = Promise.resolve(store.list()).catch((error: unknown) => error);
    await store.close();
    expect(await last).toMatchObject({ code: "LOOPS_STORE_READ" });
    await vi.waitFor(() => expect(proxy.clients).toBe(0), soon);
  });

  it("an owner whose server is gone stops before its lease is over, and the run is there for the next one", async () => {
    const url = await newDatabase(postgres);
    const store = openStore({ url }, { leaseMs: 4000, timeoutMs: 1000 });
    const lease = await store.create(newRun());
    const lost = new Promise<number>((resolve) =>
      lease.lost?.addEventListener("abort", () => resolve(performance.now()), { once: true }),
    );
    const committedMs = performance.now();
    await lease.commit([event()], {});
    await postgres.service.kill("SIGKILL");
    expect((await lost) - committedMs).toBeLessThan(4000);
    await expect(lease.commit([event()], {})).rejects.toMatchObject({ code: "LOOPS_LEASE_LOST" });
    await expect(store.list()).rejects.toMatchObject({ code: "LOOPS_STORE_READ" });
    await expect(lease.release()).rejects.toMatchObject({ code: "LOOPS_STORE_WRITE" });
    await postgres.service.start();
    const next = await vi.waitFor(() => store.acquire(lease.runId), soon);
    await next.commit([event()], {});
    await next.release();
  });
});

async function withDatabase<T>(given: Place["given"], work: (db: Kysely<StoreTables>) => Promise<T>): Promise<T> {
  const { db, close } = await openDatabase<StoreTables>(given);
  try {
    return await whileBusy(() => work(db), 5000);
  } finally {
    await close();
  }
}

/** What is on record of a run, read beside the store. */
async function rowOf(given: Place["given"], runId: string) {
  return withDatabase(given, (db) =>
    db.selectFrom("loop_runs").selectAll().where("run_id", "=", runId).executeTakeFirstOrThrow(),
  );
}

/** Another one takes a run, behind the back of its owner. */
async function change(given: Place["given"], run_id: string, owner = '{"pid":1,"host":"machine-b"}', until = 9e15) {
  await withDatabase(given, (db) =>
    db
      .updateTable("loop_runs")
      .set(({ eb }) => ({ owner, epoch: eb("epoch", "+", 1), lease_until_ms: until }))
      .where("run_id", "=", run_id)
      .execute(),
  );
}
