import { createRequire } from "node:module";
import { createBus, newEventId } from "@loops/core";
import { openHistory, type SqliteTransportOptions, sqliteTransport } from "@loops/sqlite";
import type { Side } from "./bench.js";

/** The part of a driver that somebody who writes it by hand would use. */
export interface HandDatabase {
  exec(sql: string): void;
  prepare(sql: string): {
    run(...parameters: unknown[]): { lastInsertRowid: number | bigint };
    all(...parameters: unknown[]): unknown[];
  };
  close(): void;
}

/** Opens a file with the driver that `@loops/sqlite` takes here: the runtime's own, else libsql. */
export function openByHand(path: string): HandDatabase {
  const builtin = process.getBuiltinModule?.("node:sqlite" as never) as
    | { DatabaseSync: new (path: string) => HandDatabase }
    | undefined;
  const Database = builtin?.DatabaseSync ?? createRequire(import.meta.url)("libsql");
  const db: HandDatabase = new Database(path);
  db.prepare("pragma journal_mode = wal").all();
  db.exec("pragma synchronous = normal");
  return db;
}

/** Events in one transaction, on each side. */
const batch = 200;

/** A line that an action printed; words come again at different rates, as they do in logs. */
export function printedLine(n: number) {
  const line = `src/module${n % 5000}.ts:${n % 900}:${n % 80} error TS${2300 + (n % 97)} value of type ${n % 11} is not assignable`;
  return {
    ...{
      event: "action_output",
      run_id: `01JQZX5N5M8YB4Q2W7K3C${Math.floor(n / 1000)}`,
      loop: "fix-until-clean",
      depth: 0,
    },
    line,
  };
}

/** A bus with a sink that writes into the file, and waits until all of it is written. */
export function busToSqlite(options: SqliteTransportOptions): Side & { close(): Promise<void> } {
  const sink = sqliteTransport(options);
  const bus = createBus();
  bus.addTransport(sink);
  let n = 0;
  return {
    async run(iterations) {
      const before = sink.stats().delivered;
      for (let i = 0; i < iterations; i++) {
        bus.emit(printedLine(n++));
        if (i % 10_000 === 9_999) await bus.flush();
      }
      await bus.flush();
      return sink.stats().delivered - before;
    },
    async close() {
      await bus.close();
    },
  };
}

/** What one would write by hand: the same columns and indexes, a full text index that keeps its text, prepared inserts. */
export function handToSqlite(path: string): Side & { close(): void } {
  const db = openByHand(path);
  db.exec(`create table events (position integer primary key, id text not null unique, ts text not null,
    event text not null, loop text, run_id text, parent_run_id text, depth integer, state text, verdict text,
    exit_code integer, duration_ms real, kind text, json text not null, raw text)`);
  db.exec("create index events_by_ts on events (ts)");
  db.exec("create index events_by_run on events (run_id, position)");
  db.exec("create index events_by_state on events (state, ts) where state is not null");
  db.exec("create index events_by_kind on events (kind, position) where kind is not null");
  db.exec(
    "create virtual table search_index using fts5(content, kind unindexed, ref unindexed, anchor unindexed, ts unindexed)",
  );
  const insert = db.prepare(`insert into events (id, ts, event, loop, run_id, parent_run_id, depth, state, verdict,
    exit_code, duration_ms, kind, json, raw) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const index = db.prepare(
    "insert into search_index (rowid, content, kind, ref, anchor, ts) values (?, ?, ?, ?, ?, ?)",
  );
  let n = 0;
  const write = () => {
    const ts = new Date().toISOString();
    const id = newEventId();
    const event = { ts, id, ...printedLine(n++) };
    const { event: name, loop, run_id, depth, line } = event;
    const columns = [
      id,
      ts,
      name,
      loop,
      run_id,
      null,
      depth,
      null,
      null,
      null,
      null,
      null,
      JSON.stringify(event),
      null,
    ];
    const { lastInsertRowid } = insert.run(...columns);
    index.run(lastInsertRowid, `${loop} ${name} ${line}`, "loop", loop, `.loops/${loop}.yaml`, ts);
  };
  const count = () => (db.prepare("select count(*) as n from events").all()[0] as { n: number }).n;
  let before = 0;
  return {
    run(iterations) {
      for (let i = 0; i < iterations; ) {
        db.exec("begin immediate");
        for (const end = Math.min(i + batch, iterations); i < end; i++) write();
        db.exec("commit");
      }
      const done = n - before;
      before = n;
      return done;
    },
    reset() {
      if (count() !== n) throw new Error(`${count()} of ${n} rows are there`);
    },
    close: () => db.close(),
  };
}

/** Makes a history of so many events, by SQL, because that takes a third of the time. */
export async function fillHistory(path: string, events: number): Promise<void> {
  await (await openHistory({ path })).close();
  const db = openByHand(path);
  const step = 20_000;
  for (let from = 0; from < events; from += step) {
    db.exec("begin immediate");
    db.exec(`with recursive n(n) as (select ${from} union all select n + 1 from n where n < ${Math.min(from + step, events) - 1})
      insert into events (id, ts, event, loop, run_id, depth, json)
      select id, ts, 'action_output', loop, run_id, 0, json_object('event', 'action_output', 'ts', ts, 'id', id,
        'run_id', run_id, 'loop', loop, 'depth', 0, 'line', line)
      from (select 'fill-' || n as id, strftime('%Y-%m-%dT%H:%M:%fZ', 1760000000 + n / 10.0, 'unixepoch') as ts,
        'fix-until-clean' as loop, '01JQZX5N5M8YB4Q2W7K3B' || (n / 1000) as run_id,
        'src/module' || (n % 5000) || '.ts:' || (n % 900) || ':' || (n % 80) || ' error TS' || (2300 + n % 97)
          || ' value of type ' || (n % 11) || ' is not assignable' as line from n)`);
    db.exec(
      `insert into search_index(rowid, content) select position, content from search_content where position > ${from}`,
    );
    db.exec("insert into search_index(search_index, rank) values ('merge', 500)");
    db.exec("commit");
  }
  db.close();
}

/** How many events a history of a benchmark has: a million where there is time for it. */
export const manyEvents = (short: boolean) => (short ? 2000 : process.env["LOOPS_LONG"] === "1" ? 1_000_000 : 100_000);
