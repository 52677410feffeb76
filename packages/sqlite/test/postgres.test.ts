import { transportConformance } from "@loops/testing";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, test, vi } from "vitest";
import { type Postgres, startPostgres } from "../../../scripts/services/postgres.js";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { eventOf } from "../src/history/event-of.js";
import { openHistory, sqliteTransport } from "../src/index.js";
import { busWith } from "./fresh-database.js";
import { postgresSchemas } from "./postgres-schemas.js";

const command = await requireProgram("postgres", "the history in PostgreSQL");
let server: Postgres;
beforeAll(async () => {
  if (command !== undefined) server = await startPostgres(command);
});
afterAll(() => server?.stop());

const soon = { timeout: 20_000, interval: 10 };
const bounds = { maxQueueItems: 200, maxQueueBytes: 65_536 };
const quick = { ...bounds, flushIntervalMs: 5, maxRetryMs: 20, writeTimeoutMs: 300 };

describe.skipIf(command === undefined)("PostgreSQL", () => {
  transportConformance({
    test,
    name: "PostgreSQL",
    capabilities: { queued: true, durable: true, faults: ["fail", "stall", "poison"], bounds },
    async create({ onError }) {
      const { given, name, execute, lock, end } = await postgresSchemas(server)();
      const history = await openHistory(given);
      const poison: string[] = [];
      const refuses = (mood: string) =>
        execute(`create or replace function "${name}".refuse() returns trigger language plpgsql as $$ begin
          if '${mood}' = 'fail' then raise exception 'no room' using errcode = '53100'; end if;
          if new.id in (${["''", ...poison.map((id) => `'${id}'`)].join(", ")}) then
            raise exception 'poisoned' using errcode = '23514'; end if;
          return new; end $$`);
      await refuses("well");
      await execute(`create trigger refuse before insert on "${name}".events for each row
        execute function "${name}".refuse()`);
      let unlock: (() => void) | undefined;
      return {
        transport: sqliteTransport({ ...given, ...quick, onError }),
        observe: async () =>
          (await history.db.selectFrom("events").select(["json", "raw"]).orderBy("position").execute()).map(eventOf),
        faults: {
          fail: async () => void (await refuses("fail")),
          async stall() {
            unlock = await lock();
          },
          async poison(id) {
            poison.push(id);
            await refuses("well");
          },
          async heal() {
            unlock?.();
            unlock = undefined;
            await refuses("well");
          },
        },
        async cleanup() {
          unlock?.();
          await history.close();
          await end();
        },
      };
    },
  });

  it("a server that is killed and comes back takes what waited, in order, once", async () => {
    const { given, end } = await postgresSchemas(server)();
    const { bus, sink, errors } = busWith({ ...given, maxBatchItems: 50 });
    for (let n = 0; n < 100; n++) bus.emit({ event: "step", n });
    await sink.flush();
    await server.service.kill();
    // What serves a connection may outlive the server for a moment, and still take something.
    let next = 100;
    await vi.waitFor(() => {
      bus.emit({ event: "step", n: next++ });
      expect(errors.length).toBeGreaterThan(0);
    }, soon);
    const waiting = Array.from({ length: 100 }, () => next++);
    for (const n of waiting) bus.emit({ event: "step", n });
    await server.service.start();
    expect(await bus.close()).toMatchObject({ ok: true });
    const history = await openHistory(given);
    const numbers = (await history.events({ limit: 10_000 })).map(({ event }) => event["n"]).reverse();
    // With synchronous_commit off, as this server is started, a killed one may forget the last commits before it.
    expect(numbers.slice(-100)).toEqual(waiting);
    expect(new Set(numbers).size).toBe(numbers.length);
    await history.close();
    await end().catch(() => {});
  }, 30_000);

  it("a server that does not answer holds up neither emit nor close for longer than asked", async () => {
    const { given, lock, end } = await postgresSchemas(server)();
    const { bus, sink } = busWith({ ...given, writeTimeoutMs: 500 });
    bus.emit({ event: "step", n: 0 });
    await sink.flush();
    const unlock = await lock();
    bus.emit({ event: "step", n: 1 });
    const begun = performance.now();
    const { ok } = await bus.close({ timeoutMs: 300 });
    expect([ok, performance.now() - begun < 3000]).toEqual([false, true]);
    expect(sink.stats()).toMatchObject({ delivered: 1, dropped: { deadline: 1 } });
    unlock();
    await end();
  }, 30_000);

  it("a Kysely instance of the caller is written with and stays open; views and index are those of SQLite", async () => {
    const { given, end } = await postgresSchemas(server)();
    const db = new Kysely<Record<string, never>>({
      dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: given.url }) }),
    });
    const { bus } = busWith({ db });
    bus.emit({
      event: "loop_complete",
      terminated_by: "error",
      loop: "fix-types",
      run_id: "r",
      error: { type: "X", message: "größe" },
    });
    bus.emit({ event: "tool.used", tool_name: "grep", result_size: 4 });
    expect(await bus.close()).toMatchObject({ ok: true });
    const history = await openHistory({ db });
    expect(await history.recent("loop")).toMatchObject([
      { loop_name: "fix-types", state: "error", transition: "loop_complete" },
    ]);
    expect(await history.recent("tool")).toMatchObject([{ tool_name: "grep", result_size: 4, bytes_in: null }]);
    expect(await history.search("Grosse")).toEqual([]);
    expect(await history.search("GRÖSSE fix-types".replace("SS", "ß"))).toMatchObject([
      { kind: "loop", ref: "fix-types", anchor: ".loops/fix-types.yaml", content: expect.stringContaining("größe") },
    ]);
    await expect(history.search("a &", { raw: true })).rejects.toMatchObject({ code: "LOOPS_SEARCH_SYNTAX" });
    expect(await history.prune({ olderThanMs: 0, now: () => Date.now() + 1000 })).toMatchObject({ events: 2, runs: 1 });
    await history.close();
    expect(await sql`select 1 as one`.execute(db)).toMatchObject({ rows: [{ one: 1 }] });
    await db.destroy();
    await end();
  });

  it("tables that are brought to a later version while they are written are written no more", async () => {
    const { given, name, execute, end } = await postgresSchemas(server)();
    const { bus, sink, errors } = busWith(given);
    bus.emit({ event: "step" });
    await sink.flush();
    await execute(`update "${name}".meta set value = '3'`);
    bus.emit({ event: "late" });
    await bus.close();
    expect(sink.stats()).toMatchObject({ delivered: 1, dropped: { disabled: 1 } });
    expect(errors[0]?.message).toContain("schema_version 3, this program knows up to 2");
    await end();
  });

  it("several that write into one database at once, from its first moment on, all arrive", async () => {
    const { given, end } = await postgresSchemas(server)();
    const sinks = Array.from({ length: 4 }, () => busWith({ ...given, maxBatchItems: 20 }));
    for (let n = 0; n < 200; n++) {
      for (const [who, { bus }] of sinks.entries())
        bus.emit({ event: "state_enter", state: `s${n}`, run_id: `r${n % 3}`, who });
    }
    for (const { bus } of sinks) expect(await bus.close()).toMatchObject({ ok: true });
    const history = await openHistory(given);
    expect(await history.events({ limit: 10_000 })).toHaveLength(800);
    expect(await history.runs()).toHaveLength(3);
    await history.close();
    await end();
  });
});
