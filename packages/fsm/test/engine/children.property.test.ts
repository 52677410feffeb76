import type { LoopEvent, StateStore } from "@loops/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryStore, resumeLoop, runLoop } from "../../src/index.js";
import type { RunState } from "../../src/run-state.js";
import { library } from "./children.js";
import { fakeRunner, forever, signal, tapped } from "./harness.js";
import { loopOf, machine } from "./machines.js";

const numRuns = process.env["LOOPS_LONG"] === undefined ? 60 : 1000;
const done = { terminal: true };
const clock = { isoNow: () => "2026-01-01T00:00:00.000Z", monotonicMs: () => 0, sleep: () => Promise.resolve() };

/** Visits its child a few times, whatever that comes to. */
const parent = loopOf(
  {
    sub: { loop: "child", on_yes: "work", on_no: "work", on_error: "work" },
    work: { action: "work", capture: "worked", next: "sub" },
    done,
  },
  { name: "parent", max_iterations: 5 },
);

/** The events of every run, live and archived, in the order in which the runs began. */
async function everything(store: StateStore<RunState>): Promise<readonly LoopEvent[]> {
  const archived = [await store.history("parent"), await store.history("child")];
  const runs = [await store.list(), ...archived].flatMap((list) => list.runs);
  runs.sort((a, b) => (a.run_id < b.run_id ? -1 : 1));
  return (await Promise.all(runs.map((run) => store.readEvents(run.loop_name, run.run_id)))).flat();
}

it("B-1: a random loop in a loop, killed after any commit, comes to the same, and repeats nothing that was recorded", async () => {
  const codes = fc.array(fc.constantFrom(0, 0, 0, 1, 2, 124, -9), { minLength: 1, maxLength: 6 });
  const said = fc.array(fc.constantFrom("", "", "", "", "LOOP_STOP: enough", "FATAL_ERROR: broken"), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(machine, codes, said, fc.nat(), async (random, exits, sayings, kill) => {
      const resolveLoop = library({ ...random, name: "child" });
      const runner = () =>
        fakeRunner(({ env, command }) => {
          const iteration = Number(env["LOOPS_ITERATION"]);
          const says =
            command === "work" && env["LOOPS_LOOP"] === "child" ? (sayings[iteration % sayings.length] ?? "") : "";
          return { exit_code: exits[iteration % exits.length] ?? 0, output: says };
        });
      let ids = 0;
      const newRunId = () => `RUN${String(ids++).padStart(3, "0")}`;
      const options = { definition: parent, resolveLoop, clock, newRunId };

      const plain = tapped(memoryStore());
      const expected = await runLoop({ ...options, store: plain, runner: runner() });
      const last = 1 + (kill % plain.commits.length);

      ids = 0;
      const store = memoryStore();
      const killed = signal();
      const dying = tapped(store, (_commit, count) => {
        if (count <= last) return undefined;
        killed.reach();
        return forever;
      });
      const before = runner();
      const running = runLoop({ ...options, store: dying, runner: before });
      await Promise.race([killed.reached, running]);
      if (last === plain.commits.length) return;
      for (const lease of dying.leases) await lease.release();

      const after = runner();
      const result = await resumeLoop({ ...options, run: "RUN000", store, runner: after });
      expect(result).toEqual(expected);
      const told = await everything(store);
      const doubts = told.filter(({ event }) => event === "action_in_doubt").length;
      const completed = told.filter(({ event }) => event === "action_complete").length;
      expect(doubts).toBeLessThanOrEqual(1);
      expect(completed).toBe((await everything(plain)).filter(({ event }) => event === "action_complete").length);
      const started = [...before.started, ...after.started];
      expect(new Set(started).size).toBe(completed);
      expect(started.length).toBeLessThanOrEqual(completed + doubts);
      const without = (events: readonly LoopEvent[]) =>
        events
          .filter(({ event }) => event !== "loop_resume" && event !== "action_in_doubt")
          .map(({ event, depth, state, to, verdict }) => ({ event, depth, state, to, verdict }));
      // But for what was in doubt, which is entered once more, the events are those of a run that nobody killed.
      if (doubts === 0) expect(without(told)).toEqual(without(await everything(plain)));
    }),
    { numRuns },
  );
});
