import type { StateStore } from "@loops/core";
import { describe, expect, it } from "vitest";
import type { RunState } from "../../src/run-state.js";
import { memoryStore } from "../../src/store/memory-store.js";
import { newEvent, newState, newStore } from "./support.js";

const stores: readonly { readonly name: string; readonly make: () => StateStore<RunState> }[] = [
  { name: "fileStore", make: () => newStore().store },
  { name: "memoryStore", make: memoryStore },
];

/** A method may throw at once or reject: callers await it, and see no difference. */
async function codeOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return "no error";
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

const ids = (list: { readonly runs: readonly RunState[] }) => list.runs.map((run) => run.run_id).sort();

describe.each(stores)("$name", ({ make }) => {
  it("keeps what was committed, and gives it to the next owner", async () => {
    const store = make();
    const state = newState();
    const events = [newEvent("loop_start"), newEvent("state_enter"), newEvent("route")];
    const lease = await store.create(state);
    expect(lease).toMatchObject({ runId: state.run_id, seq: 0, flushedSeq: 0, state });
    await lease.commit(events.slice(0, 2), { set: { iteration: 1 }, captured: { a: { output: "1" } } });
    await lease.commit(events.slice(2), { set: { iteration: 2 }, captured: { b: { output: "2" } } });
    const expected = { ...state, iteration: 2, captured: { a: { output: "1" }, b: { output: "2" } } };
    expect(lease.state).toEqual(expected);
    expect(await lease.events(1)).toEqual([
      { seq: 2, event: events[1] },
      { seq: 3, event: events[2] },
    ]);
    await lease.release();
    const next = await store.acquire(state.run_id);
    expect(next).toMatchObject({ seq: 3, epoch: lease.epoch + 1 });
    expect(next.state).toEqual(expected);
    expect(await store.readEvents("fix-types", state.run_id)).toEqual(events);
  });

  it("a run has one owner at a time", async () => {
    const store = make();
    const state = newState();
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_start")], {});
    expect(await store.isOwned(state.run_id)).toBe(true);
    expect(await codeOf(() => store.acquire(state.run_id))).toBe("LOOPS_RUN_OWNED");
    await lease.release();
    await lease.release();
    expect(await store.isOwned(state.run_id)).toBe(false);
    expect(await codeOf(() => lease.commit([newEvent("x")], {}))).toBe("LOOPS_LEASE_LOST");
    await store.acquire(state.run_id);
  });

  it("finds by exact name, then by id, and nothing else", async () => {
    const store = make();
    const state = newState({ loop_name: "fix-types" });
    await (await store.create(state)).commit([newEvent("loop_start")], {});
    expect(await store.find("fix-types")).toMatchObject(state);
    expect(await store.find(state.run_id)).toMatchObject(state);
    expect(await store.find("types")).toBe(null);
    expect(await store.isOwned("01JUNKNOWN")).toBe(false);
    expect(await store.readEvents("types", state.run_id)).toEqual([]);
    expect(await codeOf(() => store.acquire("01JUNKNOWN"))).toBe("LOOPS_RUN_NOT_FOUND");
    expect(await codeOf(() => store.requestStop("01JUNKNOWN"))).toBe("LOOPS_RUN_NOT_FOUND");
  });

  it("archives the previous run once its owner is gone, or keeps it where that is asked for", async () => {
    const store = make();
    const start = async (clearPrevious?: boolean) => {
      const state = newState();
      const lease = await store.create(state, { clearPrevious });
      await lease.commit([newEvent("loop_start")], { set: { status: "interrupted" } });
      return { id: state.run_id, lease };
    };
    const alive = await start();
    const beside = await start();
    await beside.lease.release();
    expect(await store.isOwned(alive.id)).toBe(true);
    expect(await store.isOwned(beside.id)).toBe(false);
    const kept = await start(false);
    expect(ids(await store.list())).toEqual([alive.id, beside.id, kept.id].sort());
    expect(await store.history("fix-types")).toEqual({ runs: [], corrupt: [] });
    await alive.lease.release();
    const next = await start();
    expect(ids(await store.list())).toEqual([beside.id, kept.id, next.id].sort());
    expect(ids(await store.history("fix-types"))).toEqual([alive.id]);
    expect(await store.readEvents("fix-types", alive.id)).toHaveLength(1);
    expect(await codeOf(() => store.acquire(alive.id))).toBe("LOOPS_RUN_NOT_FOUND");
    expect(await codeOf(() => store.create(newState({ run_id: alive.id })))).toBe("LOOPS_RUN_EXISTS");
  });

  it("passes a stop request to the present owner only", async () => {
    const store = make();
    const state = newState();
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_start")], {});
    await store.requestStop(state.run_id);
    expect(await lease.stopRequested()).toBe(true);
    await lease.release();
    await store.requestStop(state.run_id);
    expect(await (await store.acquire(state.run_id)).stopRequested()).toBe(false);
  });

  it("remembers what has reached the sinks", async () => {
    const store = make();
    const state = newState();
    const lease = await store.create(state);
    await lease.commit([newEvent("a"), newEvent("b")], {});
    await lease.markFlushed(1);
    await lease.markFlushed(0);
    await lease.release();
    const next = await store.acquire(state.run_id);
    expect(next.flushedSeq).toBe(1);
    await next.markFlushed(99);
    expect(next.flushedSeq).toBe(2);
  });

  it("forgets a run that was given up before its first commit, and refuses a commit without an event", async () => {
    const store = make();
    const state = newState();
    const lease = await store.create(state);
    expect(await codeOf(() => lease.commit([], { set: { iteration: 1 } }))).toBe("LOOPS_COMMIT");
    await lease.release();
    expect(await store.find(state.run_id)).toBe(null);
    await (await store.create(state)).commit([newEvent("loop_start")], {});
  });

  it("refuses names that cannot be file names", async () => {
    const store = make();
    for (const loop_name of ["../evil", "a/b", "", "x".repeat(300)]) {
      expect(await codeOf(() => store.create(newState({ loop_name })))).toBe("LOOPS_NAME");
    }
  });
});
