import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoopEvent, RunLease, StateDelta, StoredRun } from "@loops/core";
import fc from "fast-check";
import { sql } from "kysely";
import { expect, it, onTestFinished } from "vitest";
import { sqlStore } from "../../src/store.js";

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "sql-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "runs.db");
}

const run: StoredRun = { run_id: "RUN", loop_name: "fix", status: "running", started_at: "2026-01-15T10:30:00.123Z" };

const key = fc.constantFrom("a", "b", "__proto__x", "é");
const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant("x".repeat(20_000)));
const delta: fc.Arbitrary<StateDelta> = fc.record(
  {
    set: fc.dictionary(
      fc.constantFrom("iteration", "note", "captured"),
      value.filter((one) => typeof one !== "object" || one !== null),
      { maxKeys: 2 },
    ),
    captured: fc.dictionary(key, value, { maxKeys: 2 }),
  },
  { requiredKeys: [] },
);
const move = fc.oneof({ weight: 6, arbitrary: delta }, { weight: 1, arbitrary: fc.constant("another owner" as const) });

it("a state is what its deltas make of it, however many, however large, and by however many owners", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
      const path = newPath();
      const store = sqlStore({ path });
      try {
        let lease: RunLease = await store.create({ ...run, captured: {} });
        const expected: Record<string, unknown> = { ...run, captured: {} };
        const commit = async (change: StateDelta) => {
          const event: LoopEvent = { event: "step", ts: run.started_at, id: `e-${lease.seq}` };
          await lease.commit([event], change);
        };
        await commit({});
        for (const one of moves) {
          if (one === "another owner") {
            await lease.release();
            lease = await store.acquire(run.run_id);
            continue;
          }
          const { captured: whole, ...set } = one.set ?? {};
          const given =
            whole === undefined || typeof whole !== "object" || Array.isArray(whole) ? set : (one.set ?? {});
          await commit({ ...one, set: given });
          Object.assign(expected, given);
          if (one.captured !== undefined)
            expected["captured"] = { ...(expected["captured"] as object), ...one.captured };
        }
        const plain = JSON.parse(JSON.stringify(expected));
        expect(await store.find("fix")).toEqual(plain);
        expect((await store.list()).runs).toEqual([plain]);
        await lease.release();
        const next = await store.acquire(run.run_id);
        expect(JSON.parse(JSON.stringify(next.state))).toEqual(plain);
        await next.release();
      } finally {
        await store.close();
      }
    }),
    { numRuns: process.env["LOOPS_LONG"] === "1" ? 300 : 25 },
  );
});

it("a store given a Kysely instance makes its tables there, and leaves it open", async () => {
  const { openDatabase } = await import("../../src/database/open-database.js");
  const { db, close } = await openDatabase({ path: newPath() });
  const store = sqlStore({ db });
  const lease = await store.create(run);
  await lease.commit([{ event: "loop_start", ts: run.started_at, id: "e" }], {});
  await lease.release();
  await store.close();
  await store.close();
  await expect(store.list()).rejects.toMatchObject({ code: "LOOPS_STORE_READ" });
  const again = sqlStore({ db });
  expect((await again.list()).runs).toHaveLength(1);
  await again.close();
  await close();
});

it("a call that is wrong is refused, with what was probably meant", () => {
  const refused = (options: object, message: RegExp) =>
    expect(() => sqlStore(options as never)).toThrow(
      expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringMatching(message) }),
    );
  refused({}, /give one of path, url and db/);
  refused({ path: "a.db", url: "postgres://x" }, /give one of path, url and db/);
  refused({ path: "a.db", leaseM: 1 }, /did you mean leaseMs/);
  refused({ path: "a.db", leaseMs: 1 }, /leaseMs must be at least 100/);
  refused({ path: "a.db", durability: "high" }, /durability must be/);
  refused({ path: "a.db", driver: "libsq" }, /driver must be one of .*libsql, not "libsq"/);
  refused({ path: "" }, /path must name a file/);
  refused({ db: {} }, /db must be a Kysely instance/);
  refused({ url: "mysql://db.internal/loops" }, /url must begin with postgres:/);
  // Whoever forgot to escape a password finds it in no message.
  for (const password of ["se/cret", "1#cret"]) {
    refused({ url: `postgres://me:${password}@db.internal/loops` }, /^(?!.*cret).*in a password as %2F/);
  }
});

it("names that a database cannot keep are refused where they would be kept, and find nothing", async () => {
  const store = sqlStore({ path: newPath() });
  for (const name of ["", "a\0b", "\ud800", "x".repeat(501)]) {
    await expect(store.create({ ...run, loop_name: name })).rejects.toMatchObject({ code: "LOOPS_NAME" });
    await expect(store.acquire(name)).rejects.toMatchObject({ code: "LOOPS_NAME" });
    expect(await store.find(name)).toBe(null);
    expect(await store.isOwned(name)).toBe(false);
  }
  await store.close();
});

it.each([
  ["events are missing behind the state", "delete from loop_run_events where run_id = 'BAD' and seq = 3"],
  ["the state is missing", "delete from loop_run_states where run_id = 'BAD'"],
  ["the state is no JSON", "update loop_run_states set state = '{' where run_id = 'BAD'"],
  [
    "the state is that of another run",
    "update loop_run_states set state = (select state from loop_run_states where run_id = 'GOOD')",
  ],
  [
    "the state lacks what every store knows",
    `update loop_run_states set state = '{"run_id":"BAD"}' where run_id = 'BAD'`,
  ],
  ["a change is null", "update loop_run_events set delta = 'null' where run_id = 'BAD' and seq = 2"],
  ["a change is a text", `update loop_run_events set delta = '"x"' where run_id = 'BAD' and seq = 2`],
  ["a change is more than one", "update loop_run_events set delta = '{}],7,[2,{}' where run_id = 'BAD' and seq = 2"],
  ["a change adds no captures", `update loop_run_events set delta = '{"captured":5}' where run_id = 'BAD' and seq = 2`],
  [
    "a change makes it another run",
    `update loop_run_events set delta = '{"set":{"run_id":"GOOD"}}' where run_id = 'BAD' and seq = 2`,
  ],
])("a run is told as corrupt, and harms no other one, where %s", async (_what, damage) => {
  const path = newPath();
  const store = sqlStore({ path });
  for (const run_id of ["GOOD", "BAD"]) {
    const lease = await store.create({ ...run, run_id, loop_name: run_id, captured: {} });
    for (let n = 0; n < 3; n++) {
      await lease.commit([{ event: "step", ts: run.started_at, id: `${run_id}-${n}` }], { set: { n } });
    }
    await lease.release();
  }
  const { openDatabase } = await import("../../src/database/open-database.js");
  const { db, close } = await openDatabase({ path });
  await sql.raw(damage).execute(db);
  await close();
  const { runs, corrupt } = await store.list();
  expect(runs.map(({ run_id }) => run_id)).toEqual(["GOOD"]);
  expect(corrupt).toMatchObject([{ where: "loop_runs/BAD", error: { code: "LOOPS_STATE_CORRUPT" } }]);
  await expect(store.acquire("BAD")).rejects.toMatchObject({ code: "LOOPS_STATE_CORRUPT" });
  await expect(store.find("BAD")).rejects.toMatchObject({ code: "LOOPS_STATE_CORRUPT" });
  expect(await store.isOwned("BAD")).toBe(false);
  await store.close();
});
