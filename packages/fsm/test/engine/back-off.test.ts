import { describe, expect, it } from "vitest";
import { sleep } from "../../src/engine/sleep.js";
import { type Clock, memoryStore, resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner, recorder, signal } from "./harness.js";
import { killedAfter } from "./killed-run.js";
import { loopOf } from "./machines.js";

const done = { terminal: true };
const ab = { a: { action: "one", next: "b" }, b: { action: "two", next: "done" }, done };

/** A clock that does not wait, and says how long it would have. */
function counting(onSleep: () => void = () => undefined): Clock & { readonly sleptMs: number[] } {
  const sleptMs: number[] = [];
  return {
    sleptMs,
    isoNow: () => "2026-01-01T00:00:00.000Z",
    monotonicMs: () => 0,
    sleep: async (ms) => {
      sleptMs.push(ms);
      onSleep();
    },
  };
}
const sum = (all: readonly number[]) => all.reduce((total, each) => total + each, 0);

describe("backoff", () => {
  it("waits after every route, also after one into a terminal state", async () => {
    const bus = recorder();
    const pauses: [string, number][] = [];
    const clock = counting();
    const sleeping = { ...clock, sleep: async (ms: number) => void pauses.push([bus.names().at(-1) ?? "", ms]) };
    const definition = loopOf(ab, { backoff: 0.25 });
    const result = await runLoop({ definition, store: memoryStore(), bus, runner: fakeRunner(), clock: sleeping });
    expect(result.status).toBe("completed");
    const once = [
      ["route", 100],
      ["route", 100],
      ["route", 50],
    ];
    expect(pauses).toEqual([...once, ...once]);
  });

  it("does not wait where it is 0, after retry_exhausted, and where a loop with maintain starts again", async () => {
    const clock = counting();
    const runner = fakeRunner(() => 1);
    const retried = { action: "work", on_no: "a", max_retries: 1, on_retry_exhausted: "done" };
    const definition = loopOf({ a: retried, done }, { backoff: 1, maintain: true, max_iterations: 3 });
    const bus = recorder();
    await runLoop({ definition, store: memoryStore(), bus, runner, clock });
    expect(bus.named("retry_exhausted")).toHaveLength(1);
    expect(bus.named("route").filter(({ reason }) => reason === "maintain")).toHaveLength(1);
    // Two routes from a to a before it was given up, one after.
    expect(sum(clock.sleptMs)).toBe(3000);

    const none = counting();
    await runLoop({ definition: loopOf(ab, { backoff: 0 }), store: memoryStore(), runner: fakeRunner(), clock: none });
    expect(none.sleptMs).toEqual([]);
  });

  it.each(["signal", "forceSignal"] as const)("ends at once when %s is aborted", async (name) => {
    const stop = new AbortController();
    const definition = loopOf(ab, { backoff: 3600 });
    const store = memoryStore();
    const waiting = signal();
    const bus = recorder();
    const clock: Clock = {
      isoNow: () => "2026-01-01T00:00:00.000Z",
      monotonicMs: () => 0,
      sleep: (ms, aborted) => {
        waiting.reach();
        return sleep(ms * 1e6, aborted);
      },
    };
    const run = runLoop({ definition, store, bus, runner: fakeRunner(), clock, [name]: stop.signal });
    await waiting.reached;
    stop.abort();
    expect(await run).toMatchObject({ terminated_by: "signal", final_state: "b", iterations: 1 });
    expect(bus.names().slice(-2)).toEqual(["route", "loop_complete"]);
  });

  it("ends when somebody asks through the store", async () => {
    const store = memoryStore();
    const clock = counting(() => void store.requestStop("RUN"));
    const definition = loopOf(ab, { backoff: 3600 });
    const result = await runLoop({ definition, store, runner: fakeRunner(), clock, newRunId: () => "RUN" });
    expect(result).toMatchObject({ terminated_by: "signal", final_state: "b" });
    expect(clock.sleptMs).toHaveLength(1);
  });

  it("is not waited for again by a resume", async () => {
    const definition = loopOf(ab, { backoff: 1 });
    const store = await killedAfter(4, { definition, runner: fakeRunner(), clock: counting() });
    expect(await store.find("RUN")).toMatchObject({ phase: "ready", current_state: "b" });
    const bus = recorder();
    const sleptBefore: string[] = [];
    const clock = { ...counting(), sleep: async () => void sleptBefore.push(bus.names().at(-1) ?? "") };
    await resumeLoop({ run: "RUN", store, bus, runner: fakeRunner(), clock });
    expect(bus.names().slice(bus.names().indexOf("loop_resume"), -1)).toEqual([
      "loop_resume",
      "state_enter",
      "action_start",
      "action_complete",
      "route",
    ]);
    expect(new Set(sleptBefore)).toEqual(new Set(["route"]));
  });

  it("waits by real timers where no other clock is given", async () => {
    const begun = performance.now();
    const definition = loopOf(ab, { backoff: 0.03 });
    await runLoop({ definition, store: memoryStore(), runner: fakeRunner() });
    expect(performance.now() - begun).toBeGreaterThan(55);
  });
});

describe("sleep", () => {
  it("resolves when the signal aborts, before or while it waits, and leaves no timer", async () => {
    const abort = new AbortController();
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const waiting = sleep(1e9, abort.signal);
    expect(timers()).toBe(before + 1);
    abort.abort();
    await waiting;
    await sleep(1e9, abort.signal);
    expect(timers()).toBe(before);
  });
});
