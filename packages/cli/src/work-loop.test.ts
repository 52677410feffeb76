import { LoopsError, type StateStore } from "@loops/core";
import { memoryStore, type RunState } from "@loops/fsm";
import { expect, it } from "vitest";
import { type WorkLoopOptions, workLoop } from "./work-loop.js";

/** A store with one run that says it runs, and that nobody has. */
async function storeWithRun(): Promise<StateStore<RunState>> {
  const store = memoryStore();
  const state = { run_id: "RUN", loop_name: "fix", status: "running", started_at: "2026-01-15T10:30:00.123Z" };
  const lease = await store.create(state as unknown as RunState);
  await lease.commit([{ event: "loop_start", ts: state.started_at, id: "e-1" }], {});
  await lease.release();
  return store;
}

const work = (store: StateStore<RunState>, options: Partial<WorkLoopOptions>) =>
  workLoop({
    store,
    concurrency: 1,
    pollMs: 60_000,
    once: true,
    signal: new AbortController().signal,
    goOn: async () => {},
    onTrouble: () => {},
    ...options,
  });

it("a run of which a part is still another's is no trouble, and is left alone until the next look", async () => {
  let attempts = 0;
  const goOn = async () => {
    attempts += 1;
    if (attempts < 100) throw new LoopsError("LOOPS_RUN_OWNED", "the lease of its child is not over yet");
  };
  expect(await work(await storeWithRun(), { goOn })).toBe(0);
  expect(attempts).toBe(1);
});

it("a worker that is told to end while its store does not answer ends at once", async () => {
  const leaving = new AbortController();
  const store = { ...(await storeWithRun()), list: () => new Promise<never>(() => leaving.abort()) };
  expect(await work(store, { once: false, signal: leaving.signal })).toBe(0);
});
