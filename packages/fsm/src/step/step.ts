import { actionKind, isPrompt } from "../definition/action-kind.js";
import type { LoopDefinition } from "../definition/types.js";
import type { ActionResult, RunState } from "../run-state.js";
import { failChild, leaveChild } from "./child.js";
import { takeUpChild } from "./child-entry.js";
import { actionComplete, loopStart } from "./drafts.js";
import { end, endCancelled } from "./ending.js";
import { enter } from "./enter.js";
import { leave, leaveWith } from "./leave.js";
import { findState } from "./lookup.js";
import { resume } from "./resume.js";
import type { Surroundings } from "./scope.js";
import type { Changes, Taken } from "./taken.js";
import type { Facts, Step, StepInput } from "./types.js";

/**
 * The loop's rules as a pure function: what to commit and what to do next, from where the run stands and what has
 * happened since. It reads no clock and no file; the same arguments give the same step.
 */
export function step(definition: LoopDefinition, state: RunState, input: StepInput, facts: Facts): Step {
  const { events, changes, captured, next } = take({ definition, state, facts }, input);
  if (events.length > 0) changes.accumulated_ms = Math.round(facts.elapsedMs);
  return { events, delta: captured === undefined ? { set: changes } : { set: changes, captured }, next };
}

function take(around: Surroundings, input: StepInput): Taken {
  const { state } = around;
  switch (input.kind) {
    case "start":
      return { events: [loopStart()], changes: {}, next: { kind: "advance" } };
    case "resume":
      return resume(state, input);
    case "advance":
      if (state.phase === "acting" && state.pending_child) return takeUpChild(around, state.pending_child);
      return state.phase === "acted" ? leave(around) : enter(around);
    case "acted":
      return record(around, input.result);
    case "evaluated":
      return leaveWith(around, input.evaluation);
    case "child_ended":
      return leaveChild(around, input.outcome);
    case "child_failed":
      return failChild(around, input.error);
    case "spawned":
      if (input.outcome !== undefined) return leaveChild(around, input.outcome, input);
      return input.evaluation === null ? leave(around, input) : leaveWith(around, input.evaluation, input);
    case "cancelled":
      return endCancelled(state);
    case "failed":
      return end(state, "error", input.error);
  }
}

/** The result of an action: from here on it is never run again. */
function record({ definition, state }: Surroundings, result: ActionResult): Taken {
  const config = findState(definition, state.current_state);
  const kind = state.pending_action?.type ?? (config === undefined ? "shell" : actionKind(config));
  const changes: Changes = { phase: "acted", pending_action: null, pending_result: result };
  // Whoever was to be told has been.
  if (typeof state.continuation_prompt === "string") changes.continuation_prompt = null;
  const events = [actionComplete(result, isPrompt(kind))];
  const next = { kind: "advance" } as const;
  const capture = config?.capture;
  return capture === undefined ? { events, changes, next } : { events, changes, captured: { [capture]: result }, next };
}
