import { describe, expect, it } from "vitest";
import { memoryStore, resumeLoop, runLoop } from "../../src/index.js";
import { fakeRunner, recorder } from "./harness.js";
import { killedAfter } from "./killed-run.js";
import { loopOf } from "./machines.js";

const states = {
  a: { action: "work", next: "b" },
  b: { action: "look", on_yes: "done", on_no: "a" },
  done: { terminal: true },
};
const failing = () => fakeRunner(() => 1);
const limited = loopOf(states, { max_edge_revisits: 2 });

describe("max_edge_revisits", () => {
  it("ends a run as failed once a way was taken more often than that, behind the route", async () => {
    const bus = recorder();
    const store = memoryStore();
    const result = await runLoop({ definition: limited, store, bus, runner: failing() });
    expect(result).toMatchObject({
      status: "failed",
      terminated_by: "cycle_detected",
      final_state: "a",
      iterations: 5,
    });
    const [, cycle, end] = bus.events.slice(-3);
    expect(bus.names().slice(-3)).toEqual(["route", "cycle_detected", "loop_complete"]);
    const { event, ts, id, run_id, loop, depth, ...fields } = cycle ?? { event: "", ts: "", id: "" };
    expect(fields).toEqual({ edge: "a->b", from: "a", to: "b", count: 3, max: 2 });
    expect(end).toMatchObject({ terminated_by: "cycle_detected", final_state: "a" });
    const resumed = resumeLoop({ run: "test-loop", store, runner: failing() });
    await expect(resumed).rejects.toMatchObject({ code: "LOOPS_NOT_RESUMABLE" });
  });

  it("counts on after a kill", async () => {
    const store = await killedAfter(9, { definition: limited, runner: failing() });
    const bus = recorder();
    const result = await resumeLoop({ run: "RUN", store, bus, runner: failing() });
    expect(result).toMatchObject({ terminated_by: "cycle_detected", iterations: 5 });
    expect(bus.named("cycle_detected")).toMatchObject([{ edge: "a->b", count: 3 }]);
  });

  it("counts nothing where the loop does not set it", async () => {
    const store = memoryStore();
    const result = await runLoop({ definition: loopOf(states), store, runner: failing() });
    expect(result).toMatchObject({ terminated_by: "max_iterations", iterations: 50 });
    expect(await store.find("test-loop")).toMatchObject({ edge_revisit_counts: {} });
  });

  it("counts ways between states named like members of Object.prototype", async () => {
    const strange = loopOf(
      { constructor: { action: "work", on_no: "constructor", on_yes: "done" }, done: { terminal: true } },
      { max_edge_revisits: 1 },
    );
    const result = await runLoop({ definition: strange, store: memoryStore(), runner: failing() });
    expect(result).toMatchObject({ terminated_by: "cycle_detected", iterations: 2 });
  });
});
