import { createBus, type LoopEvent } from "@loops/core";
import * as fc from "fast-check";
import { Kysely } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../../../scripts/services/postgres.js";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { openSqlite } from "../src/database/open-sqlite.js";
import { sqliteDialect } from "../src/database/sqlite-dialect.js";
import { type DatabaseGiven, type History, openHistory, sqliteTransport } from "../src/index.js";
import { postgresSchemas } from "./postgres-schemas.js";
import { emittedEvents, Oracle, vocabulary } from "./questions-oracle.js";

const postgres = await requireProgram("postgres", "the history in PostgreSQL");
const long = process.env["LOOPS_LONG"] === "1";
let server: Postgres | undefined;
beforeAll(async () => {
  if (postgres !== undefined) server = await startPostgres(postgres);
});
afterAll(() => server?.stop());

interface Kind {
  readonly name: string;
  readonly runs: number;
  open(): Promise<{ given: DatabaseGiven & object; end(): Promise<void> }>;
}

const kinds: readonly Kind[] = [
  {
    name: "SQLite",
    runs: long ? 500 : 40,
    async open() {
      const db = new Kysely({ dialect: sqliteDialect(openSqlite({ path: ":memory:" })) });
      return { given: { db }, end: () => db.destroy() };
    },
  },
  {
    name: "PostgreSQL",
    runs: long ? 200 : 8,
    open: async () => postgresSchemas(server as Postgres)(),
  },
];

describe.each(kinds)("questions of a history in $name", ({ name, runs, open }) => {
  it.skipIf(name === "PostgreSQL" && postgres === undefined)(
    "every question is answered as a list of the events answers it",
    { timeout: 600_000 },
    async () => {
      const holds = async (emitted: readonly LoopEvent[], batch: number, words: readonly string[]) => {
        const { given, end } = await open();
        const history = await openHistory(given);
        try {
          const bus = createBus();
          bus.addTransport(sqliteTransport({ ...given, maxBatchItems: batch } as never));
          for (const event of emitted) bus.emit(event);
          expect(await bus.close()).toMatchObject({ ok: true });
          await answersAgree(history, new Oracle(emitted), words.join(" "));
        } finally {
          await history.close();
          await end();
        }
      };
      const query = fc.array(fc.constantFrom(...vocabulary, "fix", "state_enter"), { minLength: 1, maxLength: 2 });
      await fc.assert(fc.asyncProperty(emittedEvents, fc.integer({ min: 1, max: 30 }), query, holds), {
        numRuns: runs,
      });
    },
  );
});

const ids = (rows: readonly { event: LoopEvent }[]) => rows.map(({ event }) => event.id);

async function answersAgree(history: History, oracle: Oracle, query: string): Promise<void> {
  for (const kind of ["loop", "issue"] as const) {
    for (const limit of [-1, 0, 3]) expect(ids(await history.recent(kind, limit))).toEqual(oracle.recent(kind, limit));
  }
  const hits = await history.search(query, { limit: 1000 });
  expect(ids(hits).sort()).toEqual(oracle.search(query).sort());
  expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).sort((a, b) => a - b));

  const all = await history.events({ limit: 1000 });
  expect(all.map(({ event }) => event)).toEqual(oracle.events.toReversed());
  const found = async (filter: Parameters<History["events"]>[0]) =>
    ids(await history.events({ limit: 1000, ...filter }));
  expect(await found({ state: "fix", loop: "review" })).toEqual(
    oracle.filter((event, state) => state === "fix" && event["loop"] === "review"),
  );
  expect(await found({ run: "run-a", event: ["route", "action_output"] })).toEqual(
    oracle.filter(({ event, run_id }) => run_id === "run-a" && ["route", "action_output"].includes(event)),
  );
  const [since, until] = ["2026-01-01T00:10:00.000Z", "2026-01-01T00:40:00.000Z"];
  expect(await found({ since, until: new Date(until) })).toEqual(oracle.filter(({ ts }) => ts >= since && ts < until));
  for (const state of [undefined, "fix"]) {
    const failed = oracle.failedRuns(state);
    expect(await found({ failed: true, state })).toEqual(
      oracle.filter((event, own) => failed.has(event["run_id"]) && (state === undefined || own === state)),
    );
  }

  const runs = oracle.runs();
  expect(await history.runs()).toMatchObject(runs);
  expect(await history.runs({ status: "failed", limit: 1 })).toMatchObject(
    runs.filter(({ status }) => status === "failed").slice(0, 1),
  );
  expect(await history.runs({ loop: "review", since })).toMatchObject(
    runs.filter((run) => run.loop === "review" && run.started_at >= since),
  );
  const failedIds = new Set(runs.filter(({ status }) => status === "failed").map(({ run_id }) => run_id));
  expect(await found({ status: ["failed"] })).toEqual(oracle.filter(({ run_id }) => failedIds.has(String(run_id))));

  const byKey = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  expect([...(await history.stats())].sort(byKey)).toEqual(oracle.stats().sort(byKey));

  const own = oracle.events.filter((event) => event["run_id"] === "run-a");
  const detail = await history.run("run-a");
  const entered = own.filter(({ event }) => event === "state_enter").map((event) => event["state"]);
  expect(detail?.states.map(({ state }) => state)).toEqual(own.length === 0 ? undefined : entered);
}
