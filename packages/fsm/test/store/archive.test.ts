import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunState } from "../../src/run-state.js";
import { memoryStore } from "../../src/store/memory-store.js";
import { contentOf, newEvent, newState, newStore, readJson } from "./support.js";

type TestStore = ReturnType<typeof newStore>["store"];

/** A run from start to end. */
async function finishedRun(store: TestStore, over: Partial<RunState> = {}) {
  const state = newState(over);
  const events = [newEvent("loop_start"), newEvent("loop_complete", { final_state: "done" })];
  const lease = await store.create(state);
  await lease.commit(events.slice(0, 1), {});
  await lease.commit(events.slice(1), { set: { status: "completed", phase: "ended", current_state: "done" } });
  await lease.release();
  return { state, events };
}

describe("archiving", () => {
  it("P-8, P-10: a new run archives what is left of the previous one, and takes its place", async () => {
    const { store, archived } = newStore();
    const { state, events } = await finishedRun(store);
    expect(existsSync(archived("fix-types"))).toBe(false);
    const next = newState();
    const lease = await store.create(next);
    expect(readdirSync(archived("fix-types", state.run_id)).sort()).toEqual(["events.jsonl", "state.json"]);
    expect(await store.list()).toEqual({ runs: [], corrupt: [] });
    await lease.commit([newEvent("loop_start")], {});
    expect((await store.list()).runs).toMatchObject([{ run_id: next.run_id }]);
    expect((await store.history("fix-types")).runs).toMatchObject([{ run_id: state.run_id, status: "completed" }]);
    expect(await store.readEvents("fix-types", state.run_id)).toEqual(events);
  });

  it("P-8: a run that was interrupted is archived as it was after its last commit, with its large texts", async () => {
    const { store, running, archived } = newStore();
    const output = "x".repeat(10_000);
    const state = newState({ captured: { big: { output, stderr: "", exit_code: 0, duration_ms: 1 } } });
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_start")], {});
    const early = readFileSync(running("fix-types.state.json"));
    await lease.commit([newEvent("state_enter")], { set: { iteration: 7 } });
    await lease.release();
    writeFileSync(running("fix-types.state.json"), early); // As if killed before the view was written again.
    await store.create(newState());
    expect(readJson(archived("fix-types", state.run_id, "state.json"))).toMatchObject({ iteration: 7, owner: null });
    expect((await store.history("fix-types")).runs).toMatchObject([{ iteration: 7, captured: { big: { output } } }]);
  });

  it("P-8: nothing to archive leaves no archive", async () => {
    const { store, archived } = newStore();
    await (await store.create(newState())).release();
    await store.create(newState());
    expect(existsSync(archived("."))).toBe(false);
  });

  it("P-9, B-10: an archive never takes the place of another run's, though their ids are equal", async () => {
    const { store, running, archived } = newStore();
    const original = {
      loop_name: "fix-types",
      current_state: "done",
      iteration: 2,
      started_at: "2024-01-15T10:30:00.123456+00:00",
      status: "completed",
    };
    mkdirSync(running("."), { recursive: true });
    for (const iteration of [1, 2]) {
      writeFileSync(running("fix-types.state.json"), JSON.stringify({ ...original, iteration }));
      await (await store.create(newState())).release();
    }
    expect(readdirSync(archived("fix-types")).sort()).toEqual(["2024-01-15T103000", "2024-01-15T103000-2"]);
    expect((await store.history("fix-types")).runs).toMatchObject([
      { run_id: "2024-01-15T103000-2", iteration: 2 },
      { run_id: "2024-01-15T103000", iteration: 1 },
    ]);
  });

  it("P-10: killed at any step between, archiving goes on where it was, without a second copy", async () => {
    const { store, dir, running, archived } = newStore();
    const { state, events } = await finishedRun(store);
    const before = join(dir, "before");
    cpSync(running("."), before, { recursive: true });
    await (await store.create(newState())).release();
    const complete = contentOf(archived("."));
    // Steps: the copy is whole; the state is removed; the events are removed.
    for (const removed of [[], ["fix-types.state.json"], ["fix-types.state.json", "fix-types.events.jsonl"]]) {
      rmSync(running("."), { recursive: true });
      cpSync(before, running("."), { recursive: true });
      for (const name of removed) rmSync(running(name));
      await (await store.create(newState())).release();
      expect(Object.keys(contentOf(archived(".")))).toEqual(Object.keys(complete));
      expect(await store.readEvents("fix-types", state.run_id)).toEqual(events);
      expect(readdirSync(running("."))).toEqual([]);
    }
  });

  it("P-10: a copy that was cut off is made again and never taken for an archive", async () => {
    const { store, archived } = newStore();
    const { state } = await finishedRun(store);
    mkdirSync(archived("fix-types", `.${state.run_id}.1.tmp`), { recursive: true });
    writeFileSync(archived("fix-types", `.${state.run_id}.1.tmp`, "state.json"), "{");
    expect(await store.history("fix-types")).toEqual({ runs: [], corrupt: [] });
    await store.create(newState());
    expect((await store.history("fix-types")).runs).toMatchObject([{ run_id: state.run_id }]);
  });

  it("events that lost their state are archived rather than thrown away", async () => {
    const { store, running, archived } = newStore();
    mkdirSync(running("."), { recursive: true });
    writeFileSync(running("fix-types.events.jsonl"), '{"event": "loop_start"}\n');
    await store.create(newState());
    const [id] = readdirSync(archived("fix-types"));
    expect(readFileSync(archived("fix-types", String(id), "events.jsonl"), "utf8")).toBe('{"event": "loop_start"}\n');
  });

  it("P-20: what is left of the previous run stays where that is asked for", async () => {
    const { store, archived } = newStore();
    const { state } = await finishedRun(store);
    const next = newState();
    await (await store.create(next, { clearPrevious: false })).commit([newEvent("loop_start")], {});
    expect(existsSync(archived("."))).toBe(false);
    expect((await store.list()).runs.map((run) => run.run_id).sort()).toEqual([state.run_id, next.run_id].sort());
  });

  it("another loop's run is never archived, though it lies where the new run would", async () => {
    const { store, archived } = newStore();
    const first = newState({ loop_name: "a" });
    const lease = await store.create(first);
    await lease.commit([newEvent("loop_start")], {});
    const beside = newState({ loop_name: "a" });
    const besideLease = await store.create(beside);
    await besideLease.commit([newEvent("loop_start")], {});
    await besideLease.release();
    const namesake = newState({ loop_name: `a-${beside.run_id}` });
    await (await store.create(namesake)).commit([newEvent("loop_start")], {});
    expect(existsSync(archived("."))).toBe(false);
    const ids = (await store.list()).runs.map((run) => run.run_id);
    expect(ids.sort()).toEqual([first.run_id, beside.run_id, namesake.run_id].sort());
  });

  it("B-9: of runs beside each other only ended ones are archived, resumable ones stay", async () => {
    const { store } = newStore();
    const holder = newState();
    const held = await store.create(holder);
    await held.commit([newEvent("loop_start")], {});
    const { state: ended } = await finishedRun(store);
    const interrupted = newState();
    const lease = await store.create(interrupted);
    await lease.commit([newEvent("loop_start")], { set: { status: "interrupted" } });
    await lease.release();
    const next = newState();
    await (await store.create(next)).commit([newEvent("loop_start")], {});
    const ids = (await store.list()).runs.map((run) => run.run_id);
    expect(ids.sort()).toEqual([holder.run_id, interrupted.run_id, next.run_id].sort());
    expect((await store.history("fix-types")).runs.map((run) => run.run_id)).toEqual([ended.run_id]);
  });
});

describe("history", () => {
  it("P-12, B-14: lists the runs of exactly that loop, newest start first", async () => {
    const { store } = newStore();
    const starts = ["2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z", "2026-01-01T00:00:00.000Z"];
    for (const started_at of starts) {
      await finishedRun(store, { loop_name: "types", started_at });
      await finishedRun(store, { loop_name: "fix-types", started_at });
    }
    await store.create(newState({ loop_name: "types" }));
    await store.create(newState({ loop_name: "fix-types" }));
    const { runs, corrupt } = await store.history("types");
    expect(runs.map((run) => run.started_at)).toEqual([...starts].sort().reverse());
    expect(new Set(runs.map((run) => run.loop_name))).toEqual(new Set(["types"]));
    expect(corrupt).toEqual([]);
    expect(await store.history("type")).toEqual({ runs: [], corrupt: [] });
  });

  it("P-12: reports archived runs that cannot be read beside the others", async () => {
    const { store, archived } = newStore();
    const { state } = await finishedRun(store);
    await store.create(newState());
    mkdirSync(archived("fix-types", "broken"));
    writeFileSync(archived("fix-types", "broken", "state.json"), "{");
    const { runs, corrupt } = await store.history("fix-types");
    expect(runs.map((run) => run.run_id)).toEqual([state.run_id]);
    expect(corrupt).toMatchObject([
      { where: archived("fix-types", "broken", "state.json"), error: { code: "LOOPS_STATE_CORRUPT" } },
    ]);
  });

  it("P-13: the events of a run are read live and archived, those of an unknown one are empty", async () => {
    const { store, running, archived } = newStore();
    const { state, events } = await finishedRun(store);
    expect(await store.readEvents("fix-types", state.run_id)).toEqual(events);
    await store.create(newState());
    expect(existsSync(running("fix-types.state.json"))).toBe(false);
    writeFileSync(archived("fix-types", state.run_id, "events.jsonl"), "\n~bad~\n[]\n", { flag: "a" });
    expect(await store.readEvents("fix-types", state.run_id)).toEqual(events);
    expect(await store.readEvents("fix-types", "01JUNKNOWN")).toEqual([]);
    expect(await store.readEvents("types", state.run_id)).toEqual([]);
  });
});

it("a run that could be gone on with is archived only where that is said, in either store", async () => {
  for (const store of [newStore().store, memoryStore()]) {
    const state = newState();
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_complete")], { set: { status: "interrupted" } });
    await lease.release();
    await expect(async () => store.archive(state.run_id)).rejects.toMatchObject({ code: "LOOPS_RUN_NOT_ENDED" });
    await store.archive(state.run_id, { resumable: true });
    expect(await store.find(state.run_id)).toBeNull();
    expect((await store.history(state.loop_name)).runs).toMatchObject([
      { run_id: state.run_id, status: "interrupted" },
    ]);
  }
});
