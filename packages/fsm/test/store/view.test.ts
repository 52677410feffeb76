import { copyFileSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner } from "../engine/harness.js";
import { newEvent, newState, newStore, readJson } from "./support.js";

async function interruptedRun(opened = newStore(), loop = "fix-types") {
  const state = newState({ loop_name: loop });
  const lease = await opened.store.create(state);
  const event = (name: string) => newEvent(name, { run_id: state.run_id });
  await lease.commit([event("loop_start"), event("state_enter")], { set: { iteration: 1 } });
  await lease.commit([event("route")], { set: { iteration: 2, status: "interrupted" } });
  lease.markFlushed(3);
  await lease.release();
  const view = opened.running(`${loop}.state.json`);
  const journal = opened.running(`${loop}.events.jsonl`);
  return { ...opened, state, view, journal };
}

const corrupt = { code: "LOOPS_STATE_CORRUPT" };

describe("a view that knows more than its journal", () => {
  it("B-1: keeps the state of a run whose journal lost its end: nothing that was recorded runs again", async () => {
    const { store, running, warnings } = newStore();
    const { definition } = newState();
    const { run_id } = await runLoop({ definition, store, runner: fakeRunner() });
    const journal = running("fix-types.events.jsonl");
    const lines = readFileSync(journal, "utf8").split("\n").slice(0, 3);
    writeFileSync(journal, `${lines.join("\n")}\n`);
    const runner = fakeRunner();
    const resumed = resumeLoop({ run: "fix-types", store, runner });
    await expect(resumed).rejects.toMatchObject({ code: "LOOPS_NOT_RESUMABLE" });
    expect(runner.started).toEqual([]);
    expect(await store.find(run_id)).toMatchObject({ status: "completed" });
    expect(warnings).toContainEqual(expect.objectContaining({ type: "events_lost", path: journal }));
  });

  it("B-1, B-11: goes on from the state it keeps, and the next commit makes the journal whole again", async () => {
    const { store, journal, view, state, warnings } = await interruptedRun();
    truncateSync(journal, statSync(journal).size - 20);
    const lease = await store.acquire(state.run_id);
    expect(lease).toMatchObject({ seq: 3, flushedSeq: 3, state: { iteration: 2, status: "interrupted" } });
    expect(warnings.map(({ type }) => type)).toEqual(["events_lost", "journal_repaired"]);
    expect(warnings[0]).toMatchObject({ events: 1 });
    await lease.commit([newEvent("loop_resume", { run_id: state.run_id })], { set: { iteration: 3 } });
    await lease.commit([newEvent("route", { run_id: state.run_id })], { set: { status: "running" } });
    expect((await lease.events(0)).map(({ seq }) => seq)).toEqual([1, 2, 4, 5]);
    await lease.release();

    const expected = { ...state, iteration: 3, status: "running" };
    expect(await store.find(state.run_id)).toMatchObject(expected);
    rmSync(view); // The journal alone tells the same.
    expect(await store.find(state.run_id)).toMatchObject(expected);
    expect((await store.readEvents("fix-types", state.run_id)).map(({ event }) => event)).toEqual([
      "loop_start",
      "state_enter",
      "loop_resume",
      "route",
    ]);
  });

  it("of an older epoch proves nothing: a new owner undoes what it had not seen", async () => {
    const { store, journal, view, state } = await interruptedRun();
    const older = readFileSync(view);
    const lines = readFileSync(journal, "utf8").split("\n");
    const resumed = { event: "loop_resume", run_id: state.run_id, seq: 3, commit: { epoch: 2, set: { iteration: 7 } } };
    writeFileSync(journal, `${lines.slice(0, 2).join("\n")}\n${JSON.stringify(resumed)}\n`);
    writeFileSync(view, older);
    expect(await store.find(state.run_id)).toMatchObject({ iteration: 7 });
  });
});

describe("a view that is not as it was written", () => {
  const edits: readonly [string, Record<string, unknown>][] = [
    ["no definition", { definition: null }],
    ["no retry counts", { retry_counts: null }],
    ["a phase that there is not", { phase: "dancing" }],
    ["a negative iteration", { iteration: -4 }],
    ["another attempt", { attempt: 0.5 }],
    ["another state", { current_state: "done" }],
    ["events that were never flushed", { flushed_seq: 99 }],
    ["a seq ahead of the journal", { seq: 40 }],
    ["another checksum", { checksum: "0000000000000000" }],
    ["no checksum", { checksum: undefined }],
  ];

  it.each(edits)("with %s is ignored and reported: the journal counts", async (_, edit) => {
    const { store, view, state, warnings } = await interruptedRun();
    writeFileSync(view, JSON.stringify({ ...readJson(view), ...edit }, null, 2));
    const kept = { ...state, iteration: 2, status: "interrupted" };
    expect(await store.find(state.run_id)).toMatchObject(kept);
    const lease = await store.acquire(state.run_id);
    expect(lease.state).toEqual(kept);
    expect(lease).toMatchObject({ seq: 3, flushedSeq: 0 });
    expect(warnings).toMatchObject([{ type: "view_ignored", path: view, message: expect.stringContaining(view) }]);
  });

  it("with any single bit changed gives no other state", async () => {
    const { store, view, state } = await interruptedRun();
    const bytes = readFileSync(view);
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 7));
      writeFileSync(view, flipped);
      const { runs, corrupt: unreadable } = await store.list();
      const found = runs[0];
      // Where it is no JSON any more, or lacks a field, it is reported.
      if (found === undefined) expect(unreadable).toMatchObject([{ error: corrupt }]);
      else
        expect({ ...found, updated_at: "" }).toEqual({ ...state, iteration: 2, status: "interrupted", updated_at: "" });
    }
  });

  it("by its layout alone is as good as before", async () => {
    const { store, view, state, warnings } = await interruptedRun();
    writeFileSync(view, JSON.stringify(readJson(view)));
    expect((await store.acquire(state.run_id)).flushedSeq).toBe(3);
    expect(warnings).toEqual([]);
  });

  it("is ignored in the archive too", async () => {
    const { store, archived, state } = await interruptedRun();
    await store.create(newState());
    const view = archived("fix-types", state.run_id, "state.json");
    writeFileSync(view, JSON.stringify({ ...readJson(view), iteration: 99 }));
    expect((await store.history("fix-types")).runs).toMatchObject([{ run_id: state.run_id, iteration: 2 }]);
  });
});

describe("a view in the place of another run's", () => {
  it("B-1, B-15: two that were swapped are both ignored: no event gets into the other's journal", async () => {
    const one = await interruptedRun(newStore(), "one");
    const two = await interruptedRun(one, "two");
    const aside = one.running("aside");
    copyFileSync(one.view, aside);
    renameSync(two.view, one.view);
    renameSync(aside, two.view);
    for (const { state, journal, view } of [one, two]) {
      const lease = await one.store.acquire(state.run_id);
      expect(lease.state).toEqual({ ...state, iteration: 2, status: "interrupted" });
      await lease.commit([newEvent("loop_resume", { run_id: state.run_id })], {});
      expect(readFileSync(journal, "utf8").split("\n").at(-2)).toContain(state.run_id);
      await lease.release();
      expect(readJson(view)).toMatchObject({ run_id: state.run_id });
    }
    expect(one.warnings.map((warning) => warning.type)).toEqual(["view_ignored", "view_ignored"]);
  });
});
