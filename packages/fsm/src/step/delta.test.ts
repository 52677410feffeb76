import fc from "fast-check";
import { expect, it } from "vitest";
import { loopOf } from "../../test/engine/machines.js";
import { newRun } from "../../test/engine/pure-run.js";
import type { RunState } from "../run-state.js";
import { applyDelta } from "./delta.js";

const whole = newRun(loopOf({ a: { next: "done" }, done: { terminal: true } }));
const { handoffs: _handoffs, evaluator_memory: _memory, ...older } = whole;
const known = Object.keys(whole);
const value = fc.constantFrom<unknown>(null, 0, "x", "", false, { a: 1 }, undefined);
const set = fc.dictionary(
  fc.constantFrom(...known.filter((name) => name !== "captured"), "from_a_later_version"),
  value,
);

it("a delta replaces what it names, and nothing else; undefined names nothing", () => {
  const states = fc.constantFrom<RunState>(whole, older as RunState, { ...whole, from_a_later_version: 1 });
  fc.assert(
    fc.property(states, set, (state, changes) => {
      const given = Object.fromEntries(Object.entries(changes).filter(([, each]) => each !== undefined));
      const before = JSON.stringify(state);
      expect(applyDelta(state, { set: changes })).toEqual({ ...state, ...given });
      expect(JSON.stringify(state)).toBe(before);
    }),
  );
});

it("captures are added to those before, whichever way they come", () => {
  const one = { output: "1", stderr: "", exit_code: 0, duration_ms: 0 };
  const first = applyDelta(whole, { captured: { a: one } });
  expect(applyDelta(first, { set: { iteration: 2 }, captured: { b: one } })).toEqual({
    ...whole,
    iteration: 2,
    captured: { a: one, b: one },
  });
  expect(applyDelta(first, { set: { captured: { c: one } } }).captured).toEqual({ c: one });
  expect(applyDelta(first, {})).toEqual(first);
});

it("what a later version knows and this one does not survives every further delta", () => {
  const later = applyDelta(whole, { set: { from_a_later_version: 1 } });
  expect(applyDelta(later, { set: { iteration: 3 } })).toEqual({ ...whole, from_a_later_version: 1, iteration: 3 });
});
