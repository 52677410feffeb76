import type { StateDelta } from "@loops/core";
import type { RunState } from "../run-state.js";

/** The state after a delta; the given one is left as it is. */
export function applyDelta(state: RunState, delta: StateDelta): RunState {
  const next = { ...state, ...delta.set } as RunState;
  if (delta.captured === undefined) return next;
  return { ...next, captured: { ...next.captured, ...delta.captured } as RunState["captured"] };
}

/** Two deltas as one; the later wins. */
export function mergeDeltas(first: StateDelta, second: StateDelta): StateDelta {
  const set = { ...first.set, ...second.set };
  const captured = { ...first.captured, ...second.captured };
  return Object.keys(captured).length === 0 ? { set } : { set, captured };
}
