import { createBus } from "@loops/core";
import { openHistory, sqliteTransport } from "@loops/sqlite";
import { sqlStore } from "@loops/sqlite/store";
import { expect, it } from "vitest";
import { type Folder, folder } from "./support.js";

/** A history of two runs, one of which failed. */
async function filled(path: string, into: Folder): Promise<void> {
  const bus = createBus();
  bus.addTransport(sqliteTransport({ path: `${into.path}/${path}` }));
  for (const [run_id, exit_code] of [
    ["bad", 1],
    ["good", 0],
  ] as const) {
    const run = { run_id, loop: "fix-types", depth: 0 };
    bus.emit({ event: "loop_start", ...run });
    bus.emit({ event: "state_enter", state: "fix", iteration: 1, ...run });
    bus.emit({ event: "action_output", line: `\u001b[31mTS2345 of ${run_id}`, ...run });
    bus.emit({ event: "action_complete", exit_code, duration_ms: 5, ...run });
    bus.emit({
      event: "loop_complete",
      final_state: "fix",
      iterations: 1,
      terminated_by: exit_code ? "error" : "terminal",
      ...run,
    });
  }
  expect(await bus.close()).toMatchObject({ ok: true });
}

it("which loops failed in a state this week, and what they printed, is one question", async () => {
  const here = folder();
  await filled(".ll/session.db", here);
  const asked = ["query", "--state", "fix", "--failed", "--since", "7d", "--event", "action_output"];
  const { code, out } = await here.loops(...asked);
  expect(code).toBe(0);
  const lines = out.trim().split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^TIME +LOOP +STATE +EVENT +WHAT$/);
  expect(lines[1]).toMatch(/fix-types {2}fix +action_output {2}\S*TS2345 of bad$/);
  expect(out).not.toContain("\u001b");

  const json = await here.loops(...asked, "--json");
  expect(JSON.parse(json.out)).toMatchObject({ event: "action_output", run_id: "bad" });
  const runs = await here.loops("query", "--runs", "--status", "failed", "--json");
  expect(JSON.parse(runs.out)).toMatchObject({ run_id: "bad", status: "failed", last_state: "fix" });
});

it("search finds events by their words, and as grep says by its exit code whether there are any", async () => {
  const here = folder();
  await filled("history.db", here);
  const found = await here.loops("search", "ts2345", "good", "--db", "history.db");
  expect([found.code, found.out.includes("TS2345 of good"), found.out.includes("TS2345 of bad")]).toEqual([
    0,
    true,
    false,
  ]);
  expect(await here.loops("search", "nothing", "--db", "history.db")).toMatchObject({ code: 1, out: "" });
  const hit = await here.loops("search", "TS2345", "-n", "1", "--json", "--db", "history.db");
  expect(JSON.parse(hit.out)).toMatchObject({ kind: "loop", ref: "fix-types", event: { event: "action_output" } });
});

it("the history is where the configuration says that the sink writes it", async () => {
  const here = folder();
  await filled(".ll/runs/all.db", here);
  here.write("loops.config.yaml", "events:\n  transports: [sqlite]\n  sqlite:\n    path: .ll/runs/all.db\n");
  expect(await here.loops("search", "TS2345")).toMatchObject({ code: 0 });
});

it("a question makes nothing in a database of somebody else", async () => {
  const here = folder();
  const path = `${here.path}/runs.db`;
  const store = sqlStore({ path });
  await store.find("nobody");
  await store.close();
  const { code, err } = await here.loops("query", "--db", "runs.db");
  expect([code, err]).toEqual([1, expect.stringContaining("there is no history in the database")]);
  await expect(openHistory({ path, readOnly: true })).rejects.toMatchObject({ code: "LOOPS_SQLITE_MISSING" });
});

it("a question brings a history of an older version up to date", async () => {
  const here = folder();
  const { db, close } = await openHistory({ path: `${here.path}/old.db` });
  const run = (sql: string) => db.executeQuery({ sql, parameters: [] } as never);
  const events = ["loop_events", "issue_events", "tool_events", "file_events", "user_corrections"];
  for (const name of [...events, "search_content"]) await run(`drop view ${name}`);
  for (const name of ["search_index", "events", "runs"]) await run(`drop table ${name}`);
  const columns = `session_id, tool_name, args_hash, result_size, bytes_in, bytes_out, cache_hit, path, op, issue_id,
    git_sha, discovered_by, content, source, loop_name, state, transition, retries`;
  for (const name of events) await run(`create table ${name} (id integer primary key, ts, ${columns})`);
  await run("create table search_index (content, kind, ref, anchor, ts)");
  await run("insert into loop_events (ts, loop_name, transition) values ('2025-01-01T00:00:00Z', 'fix', 'loop_start')");
  await run("update meta set value = '1'");
  await close();
  const { code, out } = await here.loops("query", "--db", "old.db");
  expect([code, out]).toEqual([0, expect.stringMatching(/fix +loop_start/)]);
});

it.each([
  [["query"], "There is no history at"],
  [["query", "--since", "yesterday"], "7d or 90m"],
  [["search", "--raw", '"open', "--db", "history.db"], "cannot be searched for"],
  [["search"], "missing required argument 'words'"],
])("%j is refused in a line, with exit code 2", async (args, message) => {
  const here = folder();
  await filled("history.db", here);
  const { code, err } = await here.call(...args);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});
