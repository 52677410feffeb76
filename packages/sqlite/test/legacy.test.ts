import { afterEach, beforeEach, expect, it } from "vitest";
import { openSqlite } from "../src/database/open-sqlite.js";
import { openHistory } from "../src/index.js";
import { busWith, freshFolder, sqlOn } from "./fresh-database.js";

let place: ReturnType<typeof freshFolder>;
beforeEach(() => {
  place = freshFolder();
});
afterEach(() => place.remove());

/** A file as the system before this one made it. */
function makeVersion1(path: string): void {
  const connection = openSqlite({ path });
  connection.exec(`
    create table meta (key text primary key, value text);
    insert into meta values ('schema_version', '1');
    create table loop_events (id integer primary key autoincrement, ts text, loop_name text, state text, transition text, retries integer);
    create table issue_events (id integer primary key autoincrement, ts text, issue_id text, transition text, discovered_by text);
    create table user_corrections (id integer primary key autoincrement, ts text, session_id text, content text, source text);
    create table tool_events (id integer primary key autoincrement, ts text, session_id text, tool_name text, args_hash text,
      result_size integer, bytes_in integer, bytes_out integer, cache_hit integer);
    create table file_events (id integer primary key autoincrement, ts text, session_id text, path text, op text, issue_id text, git_sha text);
    create virtual table search_index using fts5(content, kind unindexed, ref unindexed, anchor unindexed, ts unindexed);
    insert into loop_events (ts, loop_name, state, transition, retries) values
      ('2025-01-01T00:00:00Z', 'fix-types', 'check', 'state_enter', null), ('2025-01-01T00:00:01Z', 'fix-types', null, 'route', 2),
      ('2025-01-01T00:00:02Z', null, 'failed', 'loop_complete', null);
    insert into issue_events (ts, issue_id, transition, discovered_by) values ('2025-01-02T00:00:00Z', 'B-1', 'open', null);
    insert into user_corrections (ts, session_id, content, source) values ('2025-01-02T00:00:00Z', 's', 'no tabs', 'chat');
    insert into tool_events (ts, session_id, tool_name, args_hash, result_size) values ('2025-01-02T00:00:00Z', 's', 'grep', '00ff', 7);
    insert into file_events (ts, path, op) values ('2025-01-02T00:00:00Z', 'a.ts', 'edit');
    insert into search_index values ('fix-types check state_enter', 'loop', 'fix-types', '.loops/fix-types.yaml', '2025-01-01T00:00:00Z'),
      ('B-1 the parser loops', 'issue', 'B-1', '.issues/B-1.md', '2025-01-02T00:00:00Z');
  `);
  connection.close();
}

it("Q-3: a file of version 1 is brought up to date with all that is in it, and is written on", async () => {
  makeVersion1(place.path);
  const { bus } = busWith({ path: place.path });
  bus.emit({ event: "state_enter", state: "fix", loop: "fix-types", run_id: "r" });
  expect(await bus.close()).toMatchObject({ ok: true });

  const history = await openHistory({ path: place.path });
  expect(await history.recent("loop")).toMatchObject([
    { loop_name: "fix-types", state: "fix", transition: "state_enter", run_id: "r" },
    { loop_name: null, state: "failed", transition: "loop_complete", ts: "2025-01-01T00:00:02Z" },
    { loop_name: "fix-types", state: null, transition: "route", retries: 2 },
    { loop_name: "fix-types", state: "check", transition: "state_enter", retries: null, run_id: null },
  ]);
  expect(await history.recent("issue")).toMatchObject([{ issue_id: "B-1", transition: "open", discovered_by: null }]);
  expect(await history.recent("correction")).toMatchObject([{ session_id: "s", content: "no tabs", source: "chat" }]);
  expect(await history.recent("tool")).toMatchObject([{ tool_name: "grep", args_hash: "00ff", result_size: 7 }]);
  expect(await history.recent("file")).toMatchObject([{ path: "a.ts", op: "edit" }]);

  const found = async (words: string) =>
    (await history.search(words)).map(({ content, kind, ref, anchor }) => [content, kind, ref, anchor]);
  expect(await found("check")).toEqual([["fix-types check state_enter", "loop", "fix-types", ".loops/fix-types.yaml"]]);
  expect(await found("parser")).toEqual([["B-1 the parser loops", "issue", "B-1", ".issues/B-1.md"]]);
  expect(await history.db.selectFrom("meta").selectAll().execute()).toEqual([{ key: "schema_version", value: "2" }]);
  await history.close();
});

it("Q-3: a file that is brought to a later version while it is written is written no more", async () => {
  const writers = [{ path: place.path }, { db: (await openHistory({ path: place.path })).db }];
  for (const given of writers) {
    const { bus, sink, errors } = busWith(given);
    sqlOn(place.path, "update meta set value = '2'");
    bus.emit({ event: "step" });
    await sink.flush();
    sqlOn(place.path, "update meta set value = '3'");
    bus.emit({ event: "late" });
    await bus.close();
    expect(sink.stats()).toMatchObject({ delivered: 1, dropped: { disabled: 1 } });
    expect(errors[0]?.message).toContain("schema_version 3, this program knows up to 2");
  }
  expect(sqlOn(place.path, "select event from events")).toEqual([{ event: "step" }, { event: "step" }]);
  await writers[1]?.db?.destroy();
});

it("Q-3: a file of a later version is left as it is: the sink is disabled, says why, and counts", async () => {
  makeVersion1(place.path);
  sqlOn(place.path, "update meta set value = '3'");
  const { bus, sink, errors } = busWith({ path: place.path });
  bus.emit({ event: "step" });
  await bus.flush();
  bus.emit({ event: "step" });
  await bus.close();
  expect(sink.stats()).toMatchObject({ received: 2, delivered: 0, dropped: { disabled: 2 } });
  expect(errors[0]?.message).toContain("schema_version 3, this program knows up to 2");
  await expect(openHistory({ path: place.path })).rejects.toMatchObject({ code: "LOOPS_SCHEMA_NEWER" });
  expect(sqlOn(place.path, "select count(*) as n from loop_events")).toEqual([{ n: 3 }]);
});
