import type { LoopDefinition } from "../definition/types.js";
import type { RunState } from "../run-state.js";
import { mergeDeltas } from "./delta.js";
import { actionComplete, loopStart } from "./drafts.js";
import { end, endAfter } from "./ending.js";
import { enter } from "./enter.js";
import { leave, leaveWith } from "./leave.js";
import { findState } from "./lookup.js";
import { resume } from "./resume.js";
import type { Facts, Step, StepInput } from "./types.js";

/**
 * The loop's rules as a pure function: what to commit and what to do next, from where the run stands and what has
 * happened since. It reads no clock and no file; the same arguments give the same step.
 */
export function step(definition: LoopDefinition, state: RunState, input: StepInput, facts: Facts): Step {
  const taken = take(definition, state, input, facts);
  if (taken.events.length === 0) return taken;
  const time = { set: { accumulated_ms: Math.round(facts.elapsedMs) } };
  return { ...taken, delta: mergeDeltas(taken.delta, time) };
}

function take(definition: LoopDefinition, state: RunState, input: StepInput, facts: Facts): Step {
  switch (input.kind) {
    case "start":
      return { events: [loopStart()], delta: {}, next: { kind: "advance" } };
    case "resume":
      return resume(state, input);
    case "advance":
      return state.phase === "acted" ? leave(definition, state, facts) : enter(definition, state, facts);
    case "acted":
      return record(definition, state, input.result);
    case "evaluated":
      return leaveWith(definition, state, input.evaluation, facts);
    case "cancelled":
      // Not executed: the run stays on the state, and going on enters it anew.
      return endAfter(state, { events: [], delta: { set: { attempt: state.attempt + 1 } } }, "signal");
    case "failed":
      return end(state, "error", input.error);
  }
}

/** The result of an action: from here on it is never run again. */
function record(
  definition: LoopDefinition,
  state: RunState,
  result: Extract<StepInput, { kind: "acted" }>["result"],
): Step {
  const set = { phase: "acted", pending_action: null, pending_result: result };
  const capture = findState(definition, state.current_state)?.capture;
  return {
    events: [actionComplete(result)],
    delta: capture === undefined ? { set } : { set, captured: { [capture]: result } },
    next: { kind: "advance" },
  };
}
