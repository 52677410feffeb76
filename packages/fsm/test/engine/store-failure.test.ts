import { LoopsError, type StateStore } from "@loops/core";
import { describe, expect, it } from "vitest";
import { memoryStore, type RunState, resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner, recorder, signal, tapped } from "./harness.js";
import { loopOf } from "./machines.js";

const done = { terminal: true };
const ab = loopOf({ a: { action: "one", next: "b" }, b: { action: "two", next: "done" }, done });

/** A store whose disk is full from the given commit on. */
function failingAt(commit: number, error: Error = new Error("ENOSPC")) {
  const inner = memoryStore();
  const store = tapped(inner, (_commit, count) => {
    if (count >= commit) throw error;
  });
  return { inner, store };
}

describe("a store that cannot be written", () => {
  it("stops the run with LOOPS_STORE_WRITE and the cause, and the run is resumable", async () => {
    const { inner, store } = failingAt(5);
    const bus = recorder();
    const cause = new Error("ENOSPC");
    const run = runLoop({ definition: ab, store, bus, runner: fakeRunner() });
    await expect(run).rejects.toMatchObject({
      code: "LOOPS_STORE_WRITE",
      cause,
      message: expect.stringContaining("test-loop"),
    });
    expect(bus.names()).not.toContain("loop_complete");
    const runner = fakeRunner();
    expect(await resumeLoop({ run: "test-loop", store: inner, runner })).toMatchObject({ status: "completed" });
    expect(runner.requests.map((request) => request.command)).toEqual(["two"]);
  });

  it("starts no action whose intent could not be committed: its process is abandoned", async () => {
    const { store } = failingAt(2);
    const runner = fakeRunner();
    const run = runLoop({ definition: ab, store, runner, newRunId: () => "RUN" });
    await expect(run).rejects.toMatchObject({ code: "LOOPS_STORE_WRITE" });
    expect([runner.started, runner.abandoned]).toEqual([[], ["RUN:1"]]);
  });

  it("ends the running action as soon as its output cannot be recorded", async () => {
    const { inner, store } = failingAt(3);
    const runner = fakeRunner(async (request) => {
      const ended = signal();
      request.signal.addEventListener("abort", () => ended.reach(), { once: true });
      request.onLine("a line");
      await ended.reached;
      request.onLine("one more");
      return { kind: "cancelled" };
    });
    await expect(runLoop({ definition: ab, store, runner })).rejects.toMatchObject({ code: "LOOPS_STORE_WRITE" });
    expect(await inner.find("test-loop")).toMatchObject({ status: "running", phase: "acting" });
    expect(await resumeLoop({ run: "test-loop", store: inner, runner: fakeRunner() })).toMatchObject({
      status: "completed",
    });
  });

  it("is told apart from a run that another process has taken over", async () => {
    const { store } = failingAt(3, new LoopsError("LOOPS_LEASE_LOST", "it is another's"));
    await expect(runLoop({ definition: ab, store, runner: fakeRunner() })).rejects.toMatchObject({
      code: "LOOPS_LEASE_LOST",
    });
  });

  it("ends a silent action as soon as the store says that the run is another's", async () => {
    const lost = new AbortController();
    const inner = memoryStore();
    const store: StateStore<RunState> = {
      ...inner,
      async create(state, options) {
        const lease = await inner.create(state, options);
        const commit: typeof lease.commit = (events, delta) => {
          lost.signal.throwIfAborted();
          return lease.commit(events, delta);
        };
        return new Proxy(lease, {
          get(target, name) {
            if (name === "lost") return lost.signal;
            const value: unknown = name === "commit" ? commit : Reflect.get(target, name);
            return typeof value === "function" && name !== "commit" ? value.bind(target) : value;
          },
        });
      },
    };
    const runner = fakeRunner(async (request) => {
      const ended = signal();
      request.signal.addEventListener("abort", () => ended.reach(), { once: true });
      lost.abort(new LoopsError("LOOPS_LEASE_LOST", "it is another's"));
      await ended.reached;
      return { kind: "cancelled" };
    });
    await expect(runLoop({ definition: ab, store, runner })).rejects.toMatchObject({ code: "LOOPS_LEASE_LOST" });
    expect(runner.started).toHaveLength(1);
    expect(await inner.find("test-loop")).toMatchObject({ status: "running", phase: "acting" });
  });

  it("that rejects later is treated the same", async () => {
    const inner = memoryStore();
    const store = tapped(inner, (_commit, count) => (count < 3 ? undefined : Promise.reject(new Error("gone"))));
    await expect(runLoop({ definition: ab, store, runner: fakeRunner() })).rejects.toMatchObject({
      code: "LOOPS_STORE_WRITE",
    });
    expect(await inner.isOwned((await inner.find("test-loop"))?.run_id ?? "")).toBe(false);
  });
});
