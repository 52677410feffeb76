import { createBus } from "@loops/core";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openSqlite } from "../src/database/open-sqlite.js";
import { argsHash, type History, openHistory } from "../src/index.js";
import { busWith, freshFolder, sqlOn } from "./fresh-database.js";

let place: ReturnType<typeof freshFolder>;
let history: History;
beforeEach(() => {
  place = freshFolder();
});
afterEach(async () => {
  await history?.close();
  place.remove();
});

const run = { run_id: "r1", loop: "fix-types", depth: 0 };

async function emitAll(events: readonly object[]): Promise<void> {
  const { bus } = busWith({ path: place.path });
  for (const event of events) bus.emit(event as { event: string });
  expect(await bus.close()).toMatchObject({ ok: true });
  history = await openHistory({ path: place.path });
}

it("Q-1: opening makes the file and its directory, twice is as once, and rows are read by the names of columns", async () => {
  const path = `${place.folder}/.ll/session.db`;
  for (let time = 0; time < 2; time++) await (await openHistory({ path })).close();
  history = await openHistory({ path });
  expect(await history.db.selectFrom("meta").selectAll().execute()).toEqual([{ key: "schema_version", value: "2" }]);
  expect(sqlOn(path, "pragma journal_mode")).toEqual([{ journal_mode: "wal" }]);
});

it("Q-1: a history only to be read makes nothing, and says what is missing or too old", async () => {
  const readOnly = { path: place.path, readOnly: true };
  await expect(openHistory(readOnly)).rejects.toMatchObject({ code: "LOOPS_SQLITE_MISSING" });
  sqlOn(place.path, "create table theirs (a)");
  await expect(openHistory(readOnly)).rejects.toMatchObject({ code: "LOOPS_SQLITE_MISSING" });
  expect(sqlOn(place.path, "select name from sqlite_master")).toEqual([{ name: "theirs" }]);
  sqlOn(place.path, "create table meta (key text primary key, value text)");
  await expect(openHistory(readOnly)).rejects.toMatchObject({ code: "LOOPS_SQLITE_MISSING" });
  sqlOn(place.path, "insert into meta values ('schema_version', '99')");
  await expect(openHistory(readOnly)).rejects.toMatchObject({ code: "LOOPS_SCHEMA_NEWER" });
  sqlOn(place.path, "update meta set value = '1'");
  await expect(openHistory(readOnly)).rejects.toMatchObject({ code: "LOOPS_SCHEMA_OLDER" });
  sqlOn(place.path, "drop table meta");
  await emitAll([{ event: "step" }]);
  await history.close();
  history = await openHistory(readOnly);
  expect(await history.events()).toHaveLength(1);
  await expect(history.db.deleteFrom("events").execute()).rejects.toThrow(/readonly|read-only/);
  for (const change of [history.prune({ maxBytes: 0 }), history.backfill([])]) {
    await expect(change).rejects.toMatchObject({ code: "LOOPS_CONFIG", message: expect.stringContaining("readOnly") });
  }
});

it("Q-4: the tables are there with their columns, and a row has the event's own id, its run and all it said", async () => {
  await emitAll([
    { event: "loop_start", id: "e1", ...run },
    { event: "issue.closed", id: "e2", issue_id: "B-7", discovered_by: "lint" },
    { event: "correction", id: "e3", session_id: "s", content: "use tabs", source: "chat" },
  ]);
  const { db } = history;
  expect(await db.selectFrom("loop_events").selectAll().executeTakeFirst()).toMatchObject({
    ...{ id: 1, loop_name: "fix-types", state: null, transition: "loop_start", retries: null },
    ...{ event_id: "e1", run_id: "r1", json: expect.stringContaining('"depth":0') },
  });
  const issue = { issue_id: "B-7", transition: "closed", discovered_by: "lint", event_id: "e2" };
  expect(await db.selectFrom("issue_events").selectAll().execute()).toMatchObject([issue]);
  const correction = { session_id: "s", content: "use tabs", source: "chat", event_id: "e3" };
  expect(await db.selectFrom("user_corrections").selectAll().execute()).toMatchObject([correction]);
});

it("Q-5: tools and files can be read with all their columns", async () => {
  const tool = { session_id: "s", tool_name: "grep", args_hash: argsHash({ b: 1 }), result_size: 12 };
  const file = { session_id: "s", path: "a.ts", issue_id: "B-7", git_sha: "abc" };
  await emitAll([
    { event: "tool.used", ...tool },
    { event: "file.edit", ...file },
  ]);
  const reserved = { bytes_in: null, bytes_out: null, cache_hit: null };
  expect(await history.recent("tool")).toMatchObject([{ ...tool, ...reserved }]);
  expect(await history.recent("file")).toMatchObject([{ ...file, op: "edit" }]);
});

it("Q-6: search_index has content, kind, ref, anchor and ts, for programs that ask it themselves", async () => {
  await emitAll([{ event: "state_enter", ts: "2026-01-01T00:00:00.000Z", state: "fix", ...run }]);
  const rows = sqlOn(
    place.path,
    "select content, kind, ref, anchor, ts from search_index where search_index match 'fix'",
  );
  expect(rows).toEqual([
    {
      content: "fix-types fix state_enter",
      kind: "loop",
      ref: "fix-types",
      anchor: ".loops/fix-types.yaml",
      ts: "2026-01-01T00:00:00.000Z",
    },
  ]);
});

it("Q-7: the best comes first, with a score that is lower the better it is, and at most 20 where no limit is given", async () => {
  const noise = Array.from({ length: 30 }, (_, n) => ({
    event: "action_output",
    line: `line ${n} of many with timeout`,
  }));
  await emitAll([...noise, { event: "action_output", line: "timeout timeout timeout" }]);
  const hits = await history.search("timeout");
  expect(hits).toHaveLength(20);
  expect(hits[0]).toMatchObject({
    content: "action_output timeout timeout timeout",
    kind: "loop",
    ref: "",
    anchor: "",
  });
  expect(hits[0]?.score).toBeLessThan(hits[1]?.score ?? 0);
  expect(await history.search("timeout", { limit: 0 })).toEqual([]);
});

it("Q-8: words are words whatever is in them, and only a raw query has operators", async () => {
  await emitAll([
    { event: "action_output", line: "fix-types OR else (src/app.ts:12)" },
    { event: "action_output", line: "types fix" },
  ]);
  for (const query of ["fix-types", '"else" OR', "src/app.ts:12", "else*"]) {
    const found = (await history.search(query)).map(({ content }) => content);
    expect([query, found]).toEqual([query, [expect.stringContaining("src/app.ts")]]);
  }
  expect(await history.search("NEAR(else types)")).toEqual([]);
  expect(await history.search("els* OR nothing", { raw: true })).toHaveLength(1);
});

it("Q-8: words of every script are found as they are written, and a quotation mark or a NUL ends none", async () => {
  const texts = [
    "한국어 검색",
    "プログラム がエラー",
    "हिन्दी भाषा",
    "พื้นที่ ว่าง",
    "Việt Nam ệ",
    "مَرْحَبًا بالعالم",
    "שָׁלוֹם עולם",
    "ÅÉ ﬁx ẞ",
  ];
  await emitAll(texts.map((line) => ({ event: "action_output", line })));
  for (const line of texts) {
    for (const query of [line, ...line.split(" ")]) {
      expect([query, (await history.search(query)).map(({ event }) => event["line"])]).toEqual([query, [line]]);
    }
  }
  for (const query of ['"검색', 'OR" 한국어 "', '검색"*', "검색\0"]) {
    expect(await history.search(query).then((hits) => hits.length)).toBe(query.includes("OR") ? 0 : 1);
  }
});

it("Q-8: what cannot be searched for is LOOPS_SEARCH_SYNTAX with the query and the cause, a locked file is LOOPS_HISTORY_BUSY", async () => {
  await emitAll([{ event: "step" }]);
  for (const query of ['"open', "a AND", "fix-types", "no_column:x"]) {
    const error = await history.search(query, { raw: true }).catch((one: unknown) => one);
    expect(error).toMatchObject({
      code: "LOOPS_SEARCH_SYNTAX",
      message: expect.stringContaining(JSON.stringify(query)),
    });
    expect((error as Error).cause).toBeInstanceOf(Error);
  }
  await expect(history.search(" - ")).rejects.toMatchObject({ code: "LOOPS_SEARCH_SYNTAX" });

  const other = openSqlite({ path: `${place.folder}/other.db` });
  const locked = `${place.folder}/locked.db`;
  sqlOn(locked, "select 1");
  other.exec(`attach '${locked}' as locked`);
  other.exec("pragma locked.locking_mode = exclusive; begin exclusive; create table locked.t (a)");
  await expect(openHistory({ path: locked })).rejects.toMatchObject({ code: "LOOPS_HISTORY_BUSY" });
  other.close();
}, 20_000);

it("Q-9: recent gives all columns of a kind, newest first; 0 is none, a negative limit all, another kind is refused by name", async () => {
  await emitAll(Array.from({ length: 25 }, (_, n) => ({ event: "state_enter", state: `s${n}`, ...run })));
  expect((await history.recent("loop")).map(({ state }) => state)).toEqual(
    Array.from({ length: 20 }, (_, n) => `s${24 - n}`),
  );
  expect(await history.recent("loop", 0)).toEqual([]);
  expect(await history.recent("loop", -1)).toHaveLength(25);
  expect(await history.recent("issue")).toEqual([]);
  await expect(history.recent("bug" as never)).rejects.toMatchObject({
    code: "LOOPS_CONFIG",
    message: expect.stringContaining("tool, file, issue, loop, correction"),
  });
});

it("Q-11: every event is kept, with its run and depth; loop_events shows the seven that it always had", async () => {
  const seven = [
    "loop_start",
    "loop_resume",
    "state_enter",
    "route",
    "retry_exhausted",
    "cycle_detected",
    "loop_complete",
  ];
  const others = ["action_start", "action_output", "evaluate", "anything.else"];
  await emitAll(
    [...seven, ...others].map((event) => ({ event, ...run, run_id: "child", parent_run_id: "r1", depth: 1 })),
  );
  expect((await history.recent("loop")).map(({ transition }) => transition).reverse()).toEqual(seven);
  const rows = await history.db.selectFrom("events").select(["event", "run_id", "parent_run_id", "depth"]).execute();
  expect(rows).toEqual(
    [...seven, ...others].map((event) => ({ event, run_id: "child", parent_run_id: "r1", depth: 1 })),
  );
});

it("Q-12: a row is made from the fields that the engine emits", async () => {
  await emitAll([
    { event: "route", from: "check", to: "fix", ...run },
    { event: "retry_exhausted", state: "fix", retries: 3, next: "stop", ...run },
    { event: "retry_exhausted", state: "fix", retries: "three", ...run },
    { event: "loop_complete", final_state: "stop", terminated_by: "error", iterations: 4, ...run },
    { event: "loop_complete", loop_name: "old", outcome: "failed", state: "x", ts: "" },
  ]);
  const rows = await history.db.selectFrom("loop_events").selectAll().orderBy("id").execute();
  expect(rows).toMatchObject([
    { loop_name: "fix-types", state: "check", next_state: "fix", transition: "route", retries: null },
    { state: "fix", retries: 3 },
    { state: "fix", retries: null },
    { state: "error", transition: "loop_complete" },
    { loop_name: "old", state: "failed", ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
  ]);
});

it("Q-13: what is found of an event is its loop, state and name, and what it says; without a loop ref and anchor are empty", async () => {
  await emitAll([
    { event: "state_enter", state: "fix", ...run },
    { event: "action_start", action: "npm run lint", is_prompt: false, ...run },
    { event: "loop_complete", terminated_by: "error", error: { type: "LOOPS_X", message: "disk gone" }, run_id: "r1" },
  ]);
  const [lint] = await history.search("lint");
  expect(lint).toMatchObject({ content: "fix-types fix action_start npm run lint", kind: "loop", ref: "fix-types" });
  const [gone] = await history.search("disk gone");
  expect(gone).toMatchObject({ content: "fix loop_complete error LOOPS_X disk gone", ref: "", anchor: "" });
});

it("an event is read back exactly, with NUL, lone surrogates, and whatever else JSON can say", async () => {
  const event = { event: "step", text: "\0 \ud800 \\u0000 日本 😀", list: [1, null, { "\0": true }], number: 5e-324 };
  await emitAll([event]);
  expect((await history.events())[0]?.event).toMatchObject(event);
  expect((await history.search("日本"))[0]?.event).toMatchObject(event);
});

it("colours hide no word from a search, and are there when the event is read", async () => {
  const line = "\u001b[31;1merror\u001b[0m in \u001b[2mapp.ts\u001b[22m";
  await emitAll([{ event: "action_output", line }]);
  expect(await history.search("error app")).toMatchObject([
    { content: "action_output error in app.ts", event: { line } },
  ]);
});

it("run tells the states of a run, what was done there, and what it printed", async () => {
  const lines = Array.from({ length: 5 }, (_, n) => ({ event: "action_output", line: `line ${n}`, ...run }));
  await emitAll([
    { event: "loop_start", ...run },
    { event: "state_enter", state: "fix", iteration: 1, ...run },
    { event: "action_start", action: "make", is_prompt: false, ...run },
    ...lines,
    { event: "action_complete", exit_code: 2, duration_ms: 12, output_preview: null, is_prompt: false, ...run },
    { event: "evaluate", type: "exit_code", verdict: "failure", ...run },
    { event: "route", from: "fix", to: "done", ...run },
    { event: "state_enter", state: "done", iteration: 2, ...run },
  ]);
  expect(await history.run("r1", { maxLines: 2 })).toMatchObject({
    ...{ run_id: "r1", loop: "fix-types", status: "running", iterations: 2, last_state: "done" },
    states: [
      {
        ...{ state: "fix", iteration: 1, verdict: "failure", next_state: "done" },
        actions: [{ action: "make", exit_code: 2, duration_ms: 12, output: ["line 3", "line 4"], omitted_lines: 3 }],
      },
      { state: "done", actions: [], next_state: null },
    ],
  });
  expect(await history.run("nobody")).toBeNull();
});

it("what a question cannot mean is refused, with what it was", async () => {
  await emitAll([{ event: "step" }]);
  const refused = (message: string) => ({ code: "LOOPS_CONFIG", message: expect.stringContaining(message) });
  await expect(history.events({ limit: -1 })).rejects.toMatchObject(
    refused("limit must be a whole number from 0, not -1"),
  );
  await expect(history.runs({ since: "yesterday" })).rejects.toMatchObject(refused("since must be a Date"));
  await expect(history.prune({})).rejects.toMatchObject(refused("needs olderThanMs, maxBytes or both"));
  await expect(history.backfill(5 as never)).rejects.toMatchObject(refused("backfill takes the path"));
  await expect(openHistory({ url: "mysql://x" })).rejects.toMatchObject(refused("postgres://"));
  await expect(openHistory(undefined as never)).rejects.toMatchObject(refused("write openHistory({ path:"));
  const { path } = place;
  await expect(openHistory({ path, readonly: true } as never)).rejects.toMatchObject(refused("did you mean readOnly?"));
  await expect(openHistory({ path, url: "postgres://x" } as never)).rejects.toMatchObject(refused("one of path, url"));
});

it.each([
  ["events", { sate: "fix" }, "did you mean state?"],
  ["runs", { stats: "failed" }, "did you mean status?"],
  ["stats", { lop: "fix" }, "did you mean loop?"],
  ["prune", { olderThanMs: 1, maxByte: 5 }, "did you mean maxBytes?"],
  ["prune", { olderThanMs: "7d" }, "olderThanMs must be a number from 0, not 7d"],
  ["events", 5, "options must be like { loop: … }, not 5"],
] as const)("%s refuses %j, which would mean something else than what was meant", async (question, given, message) => {
  await emitAll([]);
  const ask = history[question] as (options: unknown) => Promise<unknown>;
  await expect(ask(given)).rejects.toMatchObject({ code: "LOOPS_CONFIG", message: expect.stringContaining(message) });
});

it("of no names and no statuses nothing is found", async () => {
  await emitAll([{ event: "loop_start", ...run }]);
  expect(await history.events({ event: [] })).toEqual([]);
  expect(await history.events({ status: [] })).toEqual([]);
  expect(await history.runs({ status: [] })).toEqual([]);
});

it("a run that has ended has ended, although the clock was set back while it ran", async () => {
  await emitAll([
    { event: "loop_start", ts: "2026-01-01T12:00:00.000Z", ...run },
    { event: "loop_complete", ts: "2026-01-01T11:00:02.000Z", terminated_by: "terminal", ...run },
  ]);
  expect(await history.runs()).toMatchObject([{ status: "completed", ended_at: "2026-01-01T11:00:02.000Z" }]);
  const same = { ...(await history.runs())[0] };
  expect(await history.runs()).toStrictEqual([same]);
});

it("a database that the caller made stays open", async () => {
  await emitAll([{ event: "step" }]);
  const own = await openHistory({ db: history.db });
  const bus = createBus();
  await own.close();
  await bus.close();
  expect(await history.events()).toHaveLength(1);
});
