import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initialState } from "../../src/engine/initial-state.js";
import type { RunState } from "../../src/run-state.js";
import type { EventDraft, PlannedAction } from "../../src/step/types.js";
import { actionAt, machine, type Script, script } from "./machines.js";
import { oracle } from "./oracle.js";
import { newRun, type PureRun, pureRun, resultWith } from "./pure-run.js";

const numRuns = process.env["LOOPS_LONG"] === undefined ? 300 : 5000;

function line(event: EventDraft): string | null {
  const { state, iteration, from, to, reason, retries, next, exit_code, type, verdict, final_state, iterations } =
    event;
  switch (event.event) {
    case "loop_start":
      return "start";
    case "state_enter":
      return `enter ${state} ${iteration}`;
    case "action_complete":
      return `act ${exit_code}`;
    case "evaluate":
      return `evaluate ${type} ${verdict}`;
    case "route":
      return reason === undefined ? `route ${from} ${to}` : `route ${from} ${to} ${reason}`;
    case "retry_exhausted":
      return `exhausted ${state} ${retries} ${next}`;
    case "cycle_detected":
      return `cycle ${event["edge"]} ${event["count"]} ${event["max"]}`;
    case "handoff_detected":
      return `handoff ${state} ${iteration} ${event["continuation"]}`;
    case "handoff_spawned":
      return `spawned ${event["pid"]} ${state}`;
    case "loop_complete":
      return `complete ${event["terminated_by"]} ${final_state} ${iterations}`;
    default:
      return null;
  }
}

/** Events and pauses, in the order in which they came. */
function lines({ events, waits }: PureRun): string[] {
  const all = events.map(line);
  for (const { ms, after } of [...waits].reverse()) all.splice(after, 0, `wait ${ms}`);
  return all.filter((text) => text !== null);
}

const actBy = (by: Script) => (action: PlannedAction) => {
  const { code, said } = actionAt(by, action.iteration);
  return resultWith(code, `output of ${action.state} at ${action.iteration}\n${said}`);
};
const throughJson = (state: RunState) => JSON.parse(JSON.stringify(state)) as RunState;
// A kill shows in these, and in nothing else.
const comparable = ({ segment_started_at: _segment, attempt: _attempt, ...state }: RunState) => state;

describe("step", () => {
  it("does what the rules say, on random machines", () => {
    fc.assert(
      fc.property(machine, script, (loop, by) => {
        const run = pureRun({ state: newRun(loop), act: actBy(by) });
        expect(lines(run)).toEqual(oracle(loop, by));
      }),
      { numRuns },
    );
  });

  it("goes on the same from a state that went through JSON between any two steps", () => {
    fc.assert(
      fc.property(machine, script, (loop, by) => {
        const plain = pureRun({ state: newRun(loop), act: actBy(by) });
        const persisted = pureRun({ state: newRun(loop), act: actBy(by), between: throughJson });
        expect(persisted).toEqual(plain);
      }),
      { numRuns },
    );
  });

  it("P-22: ends the same after a kill behind any commit, and runs no action again whose result was committed", () => {
    fc.assert(
      fc.property(machine, script, fc.integer({ min: 1, max: 120 }), (loop, by, killAfterCommits) => {
        const act = actBy(by);
        const plain = pureRun({ state: newRun(loop), act });
        const killed = pureRun({ state: newRun(loop), act, killAfterCommits });
        fc.pre(killed.state.phase !== "ended");
        const first = { kind: "resume", orphan: "none", segmentStartedAt: "later", changes: {} } as const;
        const resumed = pureRun({ state: throughJson(killed.state), first, act });

        expect(comparable(resumed.state)).toEqual(comparable(plain.state));
        const inDoubt = killed.state.phase === "acting" ? killed.state.pending_action?.key : undefined;
        expect([...killed.ran, ...resumed.ran]).toEqual(plain.ran);
        const reported = resumed.events.filter((event) => event.event === "action_in_doubt");
        expect(reported).toHaveLength(inDoubt === undefined ? 0 : 1);
      }),
      { numRuns },
    );
  });

  it("changes neither the state nor the definition it is given", () => {
    fc.assert(
      fc.property(machine, script, (loop, by) => {
        const freeze = (state: RunState): RunState => {
          Object.values(state).forEach((value) => {
            Object.freeze(value);
          });
          return Object.freeze(state);
        };
        const before = JSON.stringify(loop);
        pureRun({ state: freeze(newRun(loop)), act: actBy(by), between: freeze });
        expect(JSON.stringify(loop)).toBe(before);
      }),
      { numRuns: 50 },
    );
  });
});

it("a run begins before its first state, with the definition's context under the caller's", () => {
  fc.assert(
    fc.property(machine, (loop) => {
      const run = { runId: "run", startedAt: "now" };
      const state = initialState({ ...loop, context: { a: 1, b: 1 } }, run, { b: 2 });
      expect(state).toMatchObject({
        current_state: loop.initial,
        iteration: 0,
        phase: "ready",
        context: { a: 1, b: 2 },
      });
    }),
    { numRuns: 5 },
  );
});
