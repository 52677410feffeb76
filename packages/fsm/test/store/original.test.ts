import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { contentOf, newEvent, newState, newStore } from "./support.js";

/** A state file as the original system wrote it; `over` as Python would print it. */
function stateFile(loop: string, startedAt: string, status: string, over = ""): string {
  return `{
  "loop_name": "${loop}",
  "current_state": "check",
  "iteration": 4,
  "captured": {"errors": {"output": "caf\\u00e9\\n", "stderr": "", "exit_code": 1, "duration_ms": 12}},
  "prev_result": {"output": "out", "exit_code": 1, "state": "check"},
  "last_result": {"verdict": "no", "details": {"exit_code": 1}},
  "started_at": "${startedAt}",
  "updated_at": "2024-01-15T10:31:00.000000+00:00",
  "status": "${status}",
  "accumulated_ms": 60000${over}
}`;
}

const events = [
  '{"event": "loop_start", "ts": "2024-01-15T10:30:00.123456+00:00", "loop": "fix-types"}',
  "",
  '{"event": "state_enter", "ts": "2024-01-15T10:30:00.2',
  '{"event": "evaluate", "ts": "2024-01-15T10:30:01.000000+00:00", "type": "exit_code", "verdict": "no", "confidence": NaN}',
  "",
].join("\n");

/** A loops directory that both versions of the original system have worked in. */
function originalDirectory() {
  const opened = newStore();
  const files: Readonly<Record<string, string>> = {
    ".running/fix-types.state.json": stateFile("fix-types", "2024-01-15T10:30:00.123456+00:00", "running"),
    ".running/fix-types.events.jsonl": events,
    ".running/fix-types.lock": '{"loop_name": "fix-types", "scope": ["."], "pid": 4711}',
    ".running/fix-types.pid": "4711",
    // The later version: an instance of its own for each run, and fields of its own.
    ".running/fix-types-20240301T080000.state.json": stateFile(
      "fix-types",
      "2024-03-01T08:00:00.000000+00:00",
      "interrupted",
      ',\n  "retry_counts": {"check": 2},\n  "rate_limit_retries": {"check": {"short_retries": 1}},\n  "pid": 4712',
    ),
    ".running/fix-types-20240301T080000.events.jsonl": '{"event": "loop_start", "depth": 0}\n',
    ".running/types.state.json": stateFile("types", "2024-02-01T00:00:00+00:00", "completed"),
    ".running/half.state.json": '{"loop_name": "half", "iteration": 1',
    ".history/fix-types/2024-01-10T090000/state.json": stateFile("fix-types", "2024-01-10T09:00:00+00:00", "failed"),
    ".history/fix-types/2024-01-10T090000/events.jsonl": events,
    ".history/fix-types/2024-01-12T090000/state.json": stateFile("fix-types", "2024-01-12T09:00:00+00:00", "completed"),
    ".history/2024-02-20T120000-fix-types/state.json": stateFile("fix-types", "2024-02-20T12:00:00+00:00", "completed"),
    ".history/2024-02-20T120000-fix-types/events.jsonl":
      '{"event": "loop_start", "depth": 0}\n{"event": "loop_complete"}\n',
    ".history/2024-02-21T120000-fix-types/state.json": '"torn',
    ".history/2024-02-22T120000-types/state.json": stateFile("types", "2024-02-22T12:00:00+00:00", "failed"),
    ".history/notes-fix-types/state.json": stateFile("fix-types", "2024-02-23T12:00:00+00:00", "completed"),
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(opened.dir, name)), { recursive: true });
    writeFileSync(join(opened.dir, name), content);
  }
  return opened;
}

const ids = (runs: readonly { readonly run_id: string }[]) => runs.map((run) => run.run_id);

describe("a directory of the original system", () => {
  it("P-11, B-12: the list has every run of it, instances too, and what it cannot read is reported", async () => {
    const { store, running } = originalDirectory();
    const { runs, corrupt } = await store.list();
    expect(ids(runs).sort()).toEqual(["2024-01-15T103000", "2024-02-01T000000", "2024-03-01T080000"]);
    expect(corrupt).toMatchObject([{ where: running("half.state.json"), error: { code: "LOOPS_STATE_CORRUPT" } }]);
    expect(runs.find((run) => run.run_id === "2024-03-01T080000")).toMatchObject({
      loop_name: "fix-types",
      status: "interrupted",
      retry_counts: { check: 2 },
      captured: { errors: { output: "café\n" } },
    });
  });

  it("P-12, B-14: its history is newest first, of exactly that loop, from both layouts", async () => {
    const { store, archived } = originalDirectory();
    const { runs, corrupt } = await store.history("fix-types");
    expect(ids(runs)).toEqual(["2024-02-20T120000", "2024-01-12T090000", "2024-01-10T090000"]);
    expect(corrupt).toMatchObject([{ where: archived("2024-02-21T120000-fix-types", "state.json") }]);
    expect(ids((await store.history("types")).runs)).toEqual(["2024-02-22T120000"]);
    expect(await store.history("fix")).toEqual({ runs: [], corrupt: [] });
  });

  it("P-13: events are read from both layouts, live and archived, blank and bad lines skipped", async () => {
    const { store } = originalDirectory();
    const names = async (runId: string) => (await store.readEvents("fix-types", runId)).map((event) => event.event);
    expect(await names("2024-01-15T103000")).toEqual(["loop_start", "evaluate"]);
    expect(await names("2024-03-01T080000")).toEqual(["loop_start"]);
    expect(await names("2024-01-10T090000")).toEqual(["loop_start", "evaluate"]);
    expect(await names("2024-01-12T090000")).toEqual([]);
    expect(await names("2024-02-20T120000")).toEqual(["loop_start", "loop_complete"]);
    expect(await names("2024-02-22T120000")).toEqual([]);
    expect(await store.readEvents("fix-types", "2024-01-15T103000", 1)).toMatchObject([{ event: "evaluate" }]);
  });

  it("P-10: a new run archives what it finds, removes nothing else, and is found instead", async () => {
    const { store, dir } = originalDirectory();
    const before = contentOf(dir);
    expect(await store.find("fix-types")).toMatchObject({ run_id: "2024-03-01T080000" });
    const state = newState();
    await (await store.create(state)).commit([newEvent("loop_start")], {});
    expect(await store.find("fix-types")).toMatchObject({ run_id: state.run_id });
    expect(ids((await store.history("fix-types")).runs)).toContain("2024-01-15T103000");
    const after = contentOf(dir);
    const gone = Object.keys(before).filter((name) => after[name] !== before[name]);
    expect(gone).toEqual([".running/fix-types.events.jsonl", ".running/fix-types.state.json"]);
    expect(after[".history/fix-types/2024-01-15T103000/events.jsonl"]).toBe(before[".running/fix-types.events.jsonl"]);
  });
});
