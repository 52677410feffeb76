import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createBus } from "@loops/core";
import { defineLoop, fileStore, runLoop } from "@loops/fsm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { loopsRecords } from "../src/backfill/loops-records.js";
import { argsHash, type History, openHistory, sqliteTransport } from "../src/index.js";
import { freshFolder } from "./fresh-database.js";

let place: ReturnType<typeof freshFolder>;
let history: History;
let loops: string;
beforeEach(async () => {
  place = freshFolder();
  loops = join(place.folder, ".loops");
  history = await openHistory({ path: place.path });
});
afterEach(async () => {
  await history.close();
  place.remove();
});

function put(path: string, ...lines: (object | string)[]): void {
  const file = join(loops, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
}

it("Q-16: a directory is taken in once however often, sources that are not there are none, and counts tell what was found", async () => {
  expect(await history.backfill(loops)).toEqual({ loops: 0, events: 0, added: 0, malformed: 0 });
  put(
    ".history/fix/R1/events.jsonl",
    { event: "loop_start", ts: "2026-01-01T00:00:00.000Z", id: "a", run_id: "R1", loop: "fix" },
    { event: "action_output", ts: "2026-01-01T00:00:01.000Z", line: "hello" },
    { event: "action_output", ts: "2026-01-01T00:00:01.000Z", line: "hello" },
    "{ torn",
  );
  expect(await history.backfill(loops)).toEqual({ loops: 1, events: 3, added: 3, malformed: 1 });
  // Wherever the file lies by then: in a copy of the directory too.
  renameSync(loops, `${loops}-moved`);
  expect(await history.backfill(`${loops}-moved`)).toEqual({ loops: 1, events: 3, added: 0, malformed: 1 });
  expect(await history.search("hello")).toMatchObject([{ ref: "fix", event: { run_id: "R1" } }, { ref: "fix" }]);
});

it("Q-17: state files of the system before this one become events named backfill, archived ones too", async () => {
  const state = { current_state: "check", started_at: "2025-01-01T00:00:00Z" };
  put(".running/review.json", { loop_name: "review", updated_at: "2025-02-01T00:00:00Z", ...state });
  put(".running/stem.json", state);
  put(".history/2025-01-01T000000-fix/state.json", { loop_name: "fix", ...state });
  put(".history/broken.json", "[1");
  expect(await history.backfill(loops)).toEqual({ loops: 3, events: 3, added: 3, malformed: 1 });
  const rows = (await history.recent("loop")).map(({ loop_name, state: at, transition, ts }) => [
    loop_name,
    at,
    transition,
    ts,
  ]);
  expect(rows.sort()).toEqual([
    ["fix", "check", "backfill", "2025-01-01T00:00:00Z"],
    ["review", "check", "backfill", "2025-02-01T00:00:00Z"],
    ["stem", "check", "backfill", "2025-01-01T00:00:00Z"],
  ]);
});

it("what the engine's own files know is what the bus told, and is there once whichever came first", async () => {
  const definition = defineLoop({
    name: "fix",
    initial: "act",
    states: { act: { action: "echo hello", next: "done" }, done: { terminal: true } },
  });
  const bus = createBus();
  bus.addTransport(sqliteTransport({ path: place.path }));
  await runLoop({ definition, store: fileStore({ dir: loops }), bus });
  await bus.close();
  const told = await history.events();
  expect(told.length).toBeGreaterThan(4);
  expect(await history.backfill(loops)).toEqual({ loops: 1, events: told.length, added: 0, malformed: 0 });

  const other = await openHistory({ path: join(place.folder, "other.db") });
  expect(await other.backfill(loops)).toMatchObject({ added: told.length });
  const plain = (rows: typeof told) => rows.map(({ event, state }) => ({ event, state }));
  expect(plain(await other.events())).toEqual(plain(told));
  expect(await other.runs()).toEqual(await history.runs());
  await other.close();
});

it("of a journal only what was committed is taken: nothing behind the last commit, and nothing of an owner that was replaced", async () => {
  const line = (id: string, commit?: number) => ({
    event: "step",
    id,
    ts: "t",
    ...(commit && { commit: { epoch: commit } }),
  });
  put(".running/fix.events.jsonl", line("a", 1), line("b"), line("c", 2), line("late", 1), line("d", 2), line("torn"));
  await history.backfill(loops);
  expect((await history.events()).map(({ event }) => event.id).sort()).toEqual(["a", "b", "c", "d"]);
  expect((await history.events())[0]?.event).not.toHaveProperty("commit");
});

it("a field commit of somebody else's event is a field, and no journal is made of its file", async () => {
  const lines = [{ commit: "abc123", seq: 7 }, { commit: null }, { commit: 5 }, { commit: { epoch: "x" } }, { n: 5 }];
  put(".history/fix/R1/events.jsonl", ...lines.map((fields, n) => ({ event: "step", id: `${n}`, ts: "t", ...fields })));
  expect(await history.backfill(loops)).toMatchObject({ loops: 1, added: 5, malformed: 0 });
  expect((await history.events()).reverse().map(({ event }) => event)).toMatchObject(lines);
});

it("a loop that ends meanwhile takes its files away, and the others are taken in all the same", async () => {
  put(".running/a.events.jsonl", { event: "step", id: "a" });
  put(".running/b.events.jsonl", { event: "step", id: "b" });
  put(".running/c.state.json", { loop_name: "c" });
  put(".running/d.state.json", { loop_name: "d" });
  const found: unknown[] = [];
  for await (const record of loopsRecords(loops, () => {})) {
    found.push(record["id"] ?? record["loop"]);
    for (const gone of ["b.events.jsonl", "c.state.json"]) rmSync(join(loops, ".running", gone), { force: true });
  }
  expect(found).toEqual(["a", "d"]);
});

it("a history in memory takes events into itself", async () => {
  const memory = await openHistory({ path: ":memory:" });
  expect(await memory.backfill([{ event: "step", id: "a" }, [1] as never])).toMatchObject({ added: 1, malformed: 1 });
  expect(await memory.events()).toHaveLength(1);
  await memory.close();
});

it("Q-18: any events can be taken in, each once, and a hash of arguments is what it was", async () => {
  const events = [
    { event: "issue.open", issue_id: "B-1", ts: "2026-01-01T00:00:00Z" },
    { event: "tool.used", tool_name: "grep", args_hash: argsHash({ path: "ä", "-n": true }) },
  ];
  async function* later() {
    yield* events;
  }
  expect(await history.backfill(events)).toEqual({ loops: 0, events: 2, added: 2, malformed: 0 });
  expect(await history.backfill(later())).toMatchObject({ events: 2, added: 0 });
  expect(await history.backfill([5 as never])).toMatchObject({ events: 0, malformed: 1 });
  expect(await history.recent("issue")).toMatchObject([{ issue_id: "B-1", transition: "open" }]);
  // As `printf '{"-n": true, "path": "\u00e4"}' | sha256sum` says, with the escape written out.
  expect((await history.recent("tool"))[0]).toMatchObject({ args_hash: "07255f9652f3bd9d" });
  expect(argsHash({ a: [1, { c: null, b: "x" }] })).toBe(argsHash({ a: [1, { b: "x", c: null }] }));
});
