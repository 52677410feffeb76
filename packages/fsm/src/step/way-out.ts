import type { Evaluation } from "../evaluators/evaluation.js";
import { countEdge } from "./cycle.js";
import { detectSignal } from "./detect-signal.js";
import { route as routeDraft } from "./drafts.js";
import { endAfter } from "./ending.js";
import { handOff } from "./handoff.js";
import { findState } from "./lookup.js";
import type { Surroundings } from "./scope.js";
import type { Leaving, Taken } from "./taken.js";
import { settleTarget } from "./target.js";
import type { Next } from "./types.js";

/** Where a state leads, before its templates are filled in and what its action said of the loop is heard. */
export type Way =
  | { readonly kind: "to"; readonly template: string; readonly where: string }
  | { readonly kind: "stop" }
  | { readonly kind: "none"; readonly message: string };

/**
 * Leaves the current state. In this order: a target that cannot be read, what the action said (fatal, handoff), no way
 * out, the route, a cycle, a stop.
 */
export function goOut(
  around: Surroundings,
  before: Leaving,
  way: Way,
  evaluation: Evaluation | null,
  spawned?: { readonly pid: number | null },
): Taken {
  const { definition, state, facts } = around;
  const from = state.current_state;
  // Its templates see the evaluation that led here.
  const target = way.kind === "to" ? settleTarget(around, way.template, way.where, before.changes) : null;
  if (target?.kind === "unreadable") return endAfter(state, before, "error", target.error);

  const signal = state.pending_result === null ? null : detectSignal(state.pending_result.output);
  if (signal?.kind === "error") {
    return endAfter(state, before, "error", { type: "LOOPS_FATAL_SIGNAL", message: signal.payload, state: from });
  }
  if (signal?.kind === "handoff") return handOff(around, before, signal.payload, evaluation, spawned);

  const stops = facts.stopRequested || signal?.kind === "stop";
  if (target === null) {
    if (way.kind !== "none" || stops) return stopHere(around, before);
    return endAfter(state, before, "error", { type: "LOOPS_NO_TRANSITION", message: way.message, state: from });
  }
  if (target.kind === "unknown") return endAfter(state, before, "error", target.error);

  const { events, changes } = before;
  events.push(routeDraft(from, target.state));
  const cycle = countEdge(definition, state, changes, target.state);
  if (cycle !== null) {
    events.push(cycle);
    return endAfter(state, before, "cycle_detected");
  }
  changes.phase = "ready";
  changes.current_state = target.state;
  changes.previous_state = from;
  if (state.attempt !== 1) changes.attempt = 1;
  if ((state.handoffs ?? 0) !== 0) changes.handoffs = 0;
  // The output that says so is not kept: the end belongs into the same commit.
  if (signal?.kind === "stop") {
    const terminatedBy = endOf(around, target.state);
    return terminatedBy === "signal" ? stop(around, before) : endAfter(state, before, terminatedBy);
  }
  return { events, changes, next: pause(definition.backoff) };
}

/** A loop that is done is done, also when it was to stop. */
function endOf({ definition }: Surroundings, target: string): "terminal" | "signal" {
  const done = definition.maintain !== true && findState(definition, target)?.terminal === true;
  return done ? "terminal" : "signal";
}

function pause(backoffS: number | undefined): Next {
  return backoffS === undefined || backoffS <= 0 ? { kind: "advance" } : { kind: "wait", ms: backoffS * 1000 };
}

/**
 * Ends as interrupted without a way out. Going on enters the state as a new iteration: this one's result is recorded,
 * and what is recorded is not run again.
 */
function stopHere(around: Surroundings, before: Leaving): Taken {
  const { state } = around;
  before.changes.previous_state = state.current_state;
  before.changes.attempt = 1;
  before.changes.handoffs = 0;
  return stop(around, before);
}

/** Of a child loop it has to be known that nobody else stopped it: that is its outcome, however late its parent looks. */
function stop({ state, facts }: Surroundings, before: Leaving): Taken {
  if (state.parent_run_id !== null && !facts.stopRequested) before.changes.stopped_itself = true;
  return endAfter(state, before, "signal");
}
