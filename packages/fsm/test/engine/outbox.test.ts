import type { LoopEvent } from "@loops/core";
import { describe, expect, it } from "vitest";
import { memoryStore, resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner, forever, recorder, signal, tapped } from "./harness.js";
import { loopOf } from "./machines.js";

const done = { terminal: true };
const ab = loopOf({ a: { action: "one", next: "b" }, b: { action: "two", next: "done" }, done });
const never = { flush: () => Promise.resolve({ ok: false }) };
const always = () => Promise.resolve({ ok: true });

async function killedInSecondAction(bus: Parameters<typeof runLoop>[0]["bus"]) {
  const store = tapped(memoryStore());
  const killed = signal();
  let now = 0;
  const runner = fakeRunner((request) => {
    now += 1000;
    if (request.command === "one") return 0;
    killed.reach();
    return forever;
  });
  const clock = { isoNow: () => "2026-01-01T00:00:00.000Z", monotonicMs: () => now };
  void runLoop({ definition: ab, store, bus, runner, clock, newRunId: () => "RUN" });
  await killed.reached;
  await store.leases[0]?.release();
  return store;
}

const ids = (events: readonly LoopEvent[]) => events.map((event) => event.id);

describe("events that the sinks of a killed process may have lost", () => {
  it("are emitted again before loop_resume, with their own id and ts, and are committed once", async () => {
    const lost = recorder(never.flush);
    const store = await killedInSecondAction(lost);
    const bus = recorder(always);
    await resumeLoop({ run: "RUN", store, bus, runner: fakeRunner() });
    const at = bus.names().indexOf("loop_resume");
    expect(bus.events.slice(0, at)).toEqual(lost.events);
    const committed = await store.readEvents("test-loop", "RUN");
    expect(bus.events).toEqual(committed);
    expect(new Set(ids(committed)).size).toBe(committed.length);
  });

  it("are only those behind the mark, and the mark never runs ahead of a flush", async () => {
    const asked: number[] = [];
    const first = recorder(() => {
      asked.push(first.events.length);
      return Promise.resolve({ ok: true });
    });
    const store = await killedInSecondAction(first);
    const mark = store.leases[0]?.flushedSeq ?? -1;
    expect(asked).toContain(mark);
    expect(mark).toBeGreaterThan(0);
    const bus = recorder(always);
    await resumeLoop({ run: "RUN", store, bus, runner: fakeRunner() });
    expect(bus.events).toEqual((await store.readEvents("test-loop", "RUN")).slice(mark));
  });

  it("are marked up to where the bus stood when the flush was asked for, not when it was done", async () => {
    const store = tapped(memoryStore());
    const asked = signal<number>();
    const flushed = signal();
    const bus = recorder(async () => {
      asked.reach(bus.events.length);
      await flushed.reached;
      return { ok: true };
    });
    const second = signal();
    const runner = fakeRunner((request) => {
      if (request.command === "one") return 0;
      second.reach();
      return forever;
    });
    void runLoop({ definition: ab, store, bus, runner });
    await second.reached;
    expect(bus.events.length).toBeGreaterThan(await asked.reached);
    flushed.reach();
    await expect.poll(() => store.leases[0]?.flushedSeq).toBe(await asked.reached);
  });

  it("are emitted, and nothing else happens, when the run had already ended", async () => {
    const store = memoryStore();
    const lost = recorder(never.flush);
    const first = await runLoop({ definition: ab, store, bus: lost, runner: fakeRunner(), flushTimeoutMs: 100 });
    const bus = recorder(always);
    const runner = fakeRunner();
    const again = await resumeLoop({ run: "test-loop", store, bus, runner });
    expect(again).toEqual(first);
    expect(bus.events).toEqual(lost.events);
    expect(runner.requests).toEqual([]);
    const third = resumeLoop({ run: "test-loop", store, bus, runner });
    await expect(third).rejects.toMatchObject({ code: "LOOPS_NOT_RESUMABLE" });
  });

  it("are owed to nobody when there was no bus", async () => {
    const store = memoryStore();
    await runLoop({ definition: ab, store, runner: fakeRunner() });
    const resumed = resumeLoop({ run: "test-loop", store, bus: recorder(always) });
    await expect(resumed).rejects.toMatchObject({ code: "LOOPS_NOT_RESUMABLE" });
  });
});

it("a run ends though its bus never finishes flushing, and flushes once at a time", async () => {
  let now = 0;
  let open = 0;
  let most = 0;
  const bus = recorder(async () => {
    open += 1;
    most = Math.max(most, open);
    return forever;
  });
  const runner = fakeRunner(() => {
    now += 1000;
    return 0;
  });
  const store = memoryStore();
  const clock = { isoNow: () => "2026-01-01T00:00:00.000Z", monotonicMs: () => now };
  const result = await runLoop({ definition: ab, store, bus, runner, clock, flushTimeoutMs: 10 });
  expect(result.status).toBe("completed");
  // The one in the background, and that of the end.
  expect(most).toBe(2);
  await resumeLoop({ run: "test-loop", store, bus: recorder(always) });
});

it("a sink that hangs is waited for at the end of the run, not once more for each child loop", async () => {
  const childless = loopOf({ a: { action: "one", next: "done" }, done }, { name: "child" });
  const calls = 5;
  const parent = loopOf({
    again: { loop: "child", on_yes: "count", on_no: "count" },
    count: { action: "count", on_yes: "again", on_no: "done" },
    done,
  });
  let counted = 0;
  const runner = fakeRunner(({ command }) => (command === "count" && ++counted === calls ? 1 : 0));
  const store = memoryStore();
  const hanging = recorder((deadline) => new Promise((late) => setTimeout(late, deadline?.timeoutMs, { ok: false })));
  const flushTimeoutMs = 300;
  const begunMs = performance.now();
  const options = { definition: parent, store, bus: hanging, runner, resolveLoop: () => childless, flushTimeoutMs };
  expect(await runLoop(options)).toMatchObject({ status: "completed" });
  expect(hanging.named("loop_complete")).toHaveLength(calls + 1);
  expect(performance.now() - begunMs).toBeLessThan((calls - 1) * flushTimeoutMs);
  // What may be lost is kept where the next start emits it again.
  const { runs } = await store.list();
  expect(runs.filter(({ parent_run_id }) => parent_run_id !== null)).toHaveLength(calls);
});
