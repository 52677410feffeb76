import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { contentOf, newEvent, newRunId, newState, newStore, readJson, readLines } from "./support.js";

const result = { output: "out", stderr: "err", exit_code: 0, duration_ms: 3 };

describe("the files of a run", () => {
  it("P-1: lie where the original system had them, archived ones too", async () => {
    const { store, dir } = newStore();
    const first = newState({ status: "running" });
    const lease = await store.create(first);
    await lease.commit([newEvent("loop_start")], {});
    await lease.release();
    await (await store.create(newState())).commit([newEvent("loop_start")], {});
    expect(Object.keys(contentOf(dir)).sort()).toEqual([
      `.history/fix-types/${first.run_id}/events.jsonl`,
      `.history/fix-types/${first.run_id}/state.json`,
      ".running/fix-types.events.jsonl",
      ".running/fix-types.owner.2",
      ".running/fix-types.state.json",
    ]);
  });

  it("P-7: the journal has one line per event, which is the event as given, with seq and commit added", async () => {
    const { store, running } = newStore();
    const state = newState();
    const events = [
      newEvent("loop_start", { loop: "fix-types", depth: 0 }),
      newEvent("state_enter", { nested: { a: [1, null, "é\n\u2028"] }, "": 0 }),
      newEvent("route", { from: "check", to: "done" }),
    ];
    const lease = await store.create(state);
    await lease.commit(events.slice(0, 2), {});
    await lease.commit(events.slice(2), { set: { current_state: "done" } });
    const lines = readLines(running("fix-types.events.jsonl"));
    expect(lines.map(({ seq, commit, ...event }) => event)).toEqual(events);
    expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(lines.map(({ commit }) => commit)).toEqual([
      undefined,
      { epoch: 1, set: state },
      { epoch: 1, set: { current_state: "done" } },
    ]);
    expect(await store.readEvents("fix-types", state.run_id)).toEqual(events);
  });

  it("P-2, P-3, P-4: the view has the fields of the original first and leaves out what that left out", async () => {
    const { store, running } = newStore();
    const state = newState();
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_start")], {});
    const view = readJson(running("fix-types.state.json"));
    const original = ["loop_name", "current_state", "iteration", "captured", "prev_result", "last_result"];
    expect(Object.keys(view).slice(0, 10)).toEqual([
      ...original,
      "started_at",
      "updated_at",
      "status",
      "accumulated_ms",
    ]);
    expect(view).not.toHaveProperty("retry_counts");
    expect(view).not.toHaveProperty("continuation_prompt");
    expect(view).not.toHaveProperty("active_sub_loop");

    const set = { status: "awaiting_continuation", retry_counts: { check: 2 }, continuation_prompt: "go on" };
    await lease.commit([newEvent("loop_complete")], { set });
    expect(readJson(running("fix-types.state.json"))).toMatchObject(set);
  });

  it("P-5: the view is indented by two, replaced in one step, and says when it was written", async () => {
    const { store, running } = newStore();
    const before = new Date().toISOString();
    const lease = await store.create(newState());
    await lease.commit([newEvent("loop_start")], {});
    const text = readFileSync(running("fix-types.state.json"), "utf8");
    expect(text).toBe(`${JSON.stringify(JSON.parse(text), null, 2)}\n`);
    const { updated_at } = JSON.parse(text);
    expect(updated_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(updated_at >= before && updated_at <= new Date().toISOString()).toBe(true);
    expect(readdirSync(join(running("."))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("the view holds its place in the journal, the owner, and how far the sinks are", async () => {
    const { store, running } = newStore();
    const lease = await store.create(newState());
    await lease.commit([newEvent("loop_start"), newEvent("state_enter")], {});
    await lease.markFlushed(1);
    await lease.commit([newEvent("loop_complete")], { set: { status: "completed" } });
    const view = readJson(running("fix-types.state.json"));
    const size = readFileSync(running("fix-types.events.jsonl")).length;
    expect(view).toMatchObject({ seq: 3, epoch: 1, offset: size, flushed_seq: 1, owner: { pid: process.pid } });
    await lease.release();
    expect(readJson(running("fix-types.state.json"))["owner"]).toBe(null);
  });

  it("the view follows a running action within moments, without another commit", async () => {
    const { store, running } = newStore();
    const lease = await store.create(newState());
    await lease.commit([newEvent("loop_start")], {});
    await lease.commit([newEvent("state_enter")], { set: { iteration: 1 } });
    await lease.commit([newEvent("action_start")], { set: { phase: "acting" } });
    await vi.waitFor(() => expect(readJson(running("fix-types.state.json"))["phase"]).toBe("acting"), 5_000);
  });

  it("a loop that commits without a pause does not starve its view", async () => {
    const { store, running } = newStore();
    const lease = await store.create(newState());
    const viewed = () => Number(readJson(running("fix-types.state.json"))["iteration"]);
    let iteration = 0;
    do {
      iteration += 1;
      await lease.commit([newEvent("state_enter")], { set: { iteration } });
    } while (viewed() < 2 && iteration < 1_000_000);
    expect(viewed()).toBeGreaterThanOrEqual(2);
  });

  it("B-6: every save has every field, the last one too", async () => {
    const { store, running } = newStore();
    const state = newState({ retry_counts: { check: 3 }, context: { a: 1 }, captured: { c: result } });
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_start")], {});
    const first = Object.keys(readJson(running("fix-types.state.json")));
    await lease.commit([newEvent("loop_complete")], { set: { status: "completed", phase: "ended" } });
    await lease.release();
    expect(Object.keys(readJson(running("fix-types.state.json")))).toEqual(first);
    expect(readJson(running("fix-types.state.json"))).toMatchObject({ retry_counts: { check: 3 }, context: { a: 1 } });
  });

  it("B-36: a capture over 8 KiB is stored once, by reference, and comes back whole", async () => {
    const { store, running } = newStore();
    const state = newState();
    const output = "é".repeat(50_000);
    const big = { ...result, output };
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_start")], {});
    await lease.commit([newEvent("action_complete")], { set: { phase: "acted", pending_result: big } });
    const set = { pending_result: null, prev_result: { output, exit_code: 0, state: "check" } };
    await lease.commit([newEvent("route")], { set, captured: { big } });
    for (let n = 0; n < 100; n += 1) await lease.commit([newEvent("state_enter")], { captured: { again: big } });

    const blobs = readdirSync(running("fix-types.blobs"));
    expect(blobs).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(readFileSync(join(running("fix-types.blobs"), String(blobs[0])), "utf8")).toBe(output);
    expect(readFileSync(running("fix-types.events.jsonl")).length).toBeLessThan(40_000);
    await lease.release();
    expect(readJson(running("fix-types.state.json"))["prev_result"]).toMatchObject({
      output: { $blob: blobs[0], bytes: 100_000 },
    });
    const expected = { prev_result: set.prev_result, captured: { big, again: big } };
    expect(await store.find(state.run_id)).toMatchObject(expected);
    expect((await store.acquire(state.run_id)).state).toMatchObject(expected);
  });

  it("a text that UTF-8 cannot carry comes back as it was", async () => {
    const { store } = newStore();
    const state = newState({ captured: { odd: { ...result, output: `${"x".repeat(9_000)}\ud800` } } });
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_start")], {});
    await lease.release();
    expect((await store.acquire(state.run_id)).state).toEqual(state);
  });

  it("a missing or altered blob is a corrupt state that names it", async () => {
    const { store, running } = newStore();
    const state = newState({ captured: { big: { ...result, output: "x".repeat(10_000) } } });
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_start")], {});
    await lease.release();
    const path = join(running("fix-types.blobs"), String(readdirSync(running("fix-types.blobs"))[0]));
    writeFileSync(path, "y".repeat(10_000));
    await expect(store.acquire(state.run_id)).rejects.toMatchObject({ code: "LOOPS_STATE_CORRUPT" });
    rmSync(path);
    await expect(store.acquire(state.run_id)).rejects.toThrow(path);
    expect((await store.list()).corrupt).toMatchObject([{ error: { code: "LOOPS_STATE_CORRUPT" } }]);
    // Neither attempt left the run owned.
    writeFileSync(path, "x".repeat(10_000));
    expect((await store.acquire(state.run_id)).state).toEqual(state);
  });

  it("nothing is made before the first run, and a run without a commit leaves nothing behind", async () => {
    const { store, dir } = newStore();
    expect(existsSync(dir)).toBe(false);
    expect(await store.list()).toEqual({ runs: [], corrupt: [] });
    const lease = await store.create(newState());
    await lease.release();
    await lease.release();
    expect(contentOf(dir)).toEqual({});
    expect(await store.list()).toEqual({ runs: [], corrupt: [] });
  });

  it.each(["../../evil", "a/b", "a\\b", "a\0b", "..", ".hidden", "", "x".repeat(300), "é".repeat(100)])(
    "B-13: the name or id %j never leaves the loops directory",
    async (name) => {
      const { store, dir } = newStore();
      const named = { code: "LOOPS_NAME" };
      await expect(store.create(newState({ loop_name: name }))).rejects.toMatchObject(named);
      await expect(store.create(newState({ run_id: name }))).rejects.toMatchObject(named);
      await expect(store.acquire(name)).rejects.toMatchObject(named);
      expect(() => store.find(name)).toThrow(expect.objectContaining(named));
      expect(() => store.history(name)).toThrow(expect.objectContaining(named));
      expect(() => store.readEvents(name, newRunId())).toThrow(expect.objectContaining(named));
      expect(() => store.readEvents("fix-types", name)).toThrow(expect.objectContaining(named));
      expect(existsSync(dir)).toBe(false);
    },
  );

  it("B-13: a state file that names a loop elsewhere leads nowhere", async () => {
    const { store, dir, running } = newStore();
    mkdirSync(running("."), { recursive: true });
    const view = { loop_name: "../../evil", current_state: "a", iteration: 1, started_at: "../x", status: "failed" };
    writeFileSync(running("fix-types.state.json"), JSON.stringify(view));
    const before = contentOf(dir);
    await (await store.create(newState())).release();
    expect(contentOf(dir)).toEqual(before);
  });
});
