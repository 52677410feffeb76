import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initialState } from "../../src/engine/initial-state.js";
import type { RunState } from "../../src/run-state.js";
import type { EventDraft, PlannedAction } from "../../src/step/types.js";
import { exitCodeAt, exitCodes, machine } from "./machines.js";
import { oracle } from "./oracle.js";
import { newRun, pureRun, resultWith } from "./pure-run.js";

const numRuns = process.env["LOOPS_LONG"] === undefined ? 300 : 5000;

function line(event: EventDraft): string | null {
  const { state, iteration, from, to, retries, next, exit_code, type, verdict, final_state, iterations } = event;
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
      return `route ${from} ${to}`;
    case "retry_exhausted":
      return `exhausted ${state} ${retries} ${next}`;
    case "loop_complete":
      return `complete ${event["terminated_by"]} ${final_state} ${iterations}`;
    default:
      return null;
  }
}

const lines = (events: readonly EventDraft[]) => events.map(line).filter((text) => text !== null);
const actBy = (codes: readonly number[]) => (action: PlannedAction) => {
  const code = exitCodeAt(codes, action.iteration);
  return resultWith(code, `output of ${action.state} at ${action.iteration}`);
};
const throughJson = (state: RunState) => JSON.parse(JSON.stringify(state)) as RunState;
// A kill shows in these, and in nothing else.
const comparable = ({ segment_started_at: _segment, attempt: _attempt, ...state }: RunState) => state;

describe("step", () => {
  it("does what the rules say, on random machines", () => {
    fc.assert(
      fc.property(machine, exitCodes, (loop, codes) => {
        const run = pureRun({ state: newRun(loop), act: actBy(codes) });
        expect(lines(run.events)).toEqual(oracle(loop, codes));
      }),
      { numRuns },
    );
  });

  it("goes on the same from a state that went through JSON between any two steps", () => {
    fc.assert(
      fc.property(machine, exitCodes, (loop, codes) => {
        const plain = pureRun({ state: newRun(loop), act: actBy(codes) });
        const persisted = pureRun({ state: newRun(loop), act: actBy(codes), between: throughJson });
        expect(persisted).toEqual(plain);
      }),
      { numRuns },
    );
  });

  it("P-22: ends the same after a kill behind any commit, and runs no action again whose result was committed", () => {
    fc.assert(
      fc.property(machine, exitCodes, fc.integer({ min: 1, max: 120 }), (loop, codes, killAfterCommits) => {
        const act = actBy(codes);
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
      fc.property(machine, exitCodes, (loop, codes) => {
        const freeze = (state: RunState): RunState => {
          Object.values(state).forEach((value) => {
            Object.freeze(value);
          });
          return Object.freeze(state);
        };
        const before = JSON.stringify(loop);
        pureRun({ state: freeze(newRun(loop)), act: actBy(codes), between: freeze });
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
