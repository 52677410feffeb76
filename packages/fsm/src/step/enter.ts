import { isPrompt } from "../definition/action-kind.js";
import type { StateDefinition } from "../definition/types.js";
import type { RunState } from "../run-state.js";
import { enterChild } from "./child-entry.js";
import { actionStart, retryExhausted, stateEnter } from "./drafts.js";
import { end, endAfter } from "./ending.js";
import { findState } from "./lookup.js";
import { startAgain } from "./maintain.js";
import { planAction } from "./plan-action.js";
import { countOf, countRetry, without } from "./retries.js";
import { toRunError } from "./run-error.js";
import type { Surroundings } from "./scope.js";
import type { Changes, Taken } from "./taken.js";
import { settleTarget, unknownState } from "./target.js";
import type { PlannedAction } from "./types.js";

/**
 * Phase `ready`: ends the run, starts it again, gives up on a state that was retried too often, or enters the current
 * state. The end comes before every limit: a loop that is done is done, even on its last iteration.
 */
export function enter(around: Surroundings): Taken {
  const { definition, state, facts } = around;
  const config = findState(definition, state.current_state);
  if (config === undefined) {
    const from = state.previous_state ?? state.current_state;
    return end(state, "error", unknownState(definition, state.current_state, from, "the run"));
  }
  const terminal = config.terminal === true;
  if (terminal && definition.maintain !== true) return end(state, "terminal");
  if (facts.stopRequested) return end(state, "signal");

  // A state entered anew keeps its iteration and its retry count: neither is checked or counted twice.
  const anew = state.attempt > 1;
  if (!anew && state.iteration >= definition.max_iterations) return end(state, "max_iterations");
  if (definition.timeout !== undefined && facts.elapsedMs > definition.timeout * 1000) return end(state, "timeout");
  if (terminal) return startAgain(around, config);
  if (anew) return enterState(around, config, state.iteration, state.retry_counts);

  const retryCounts = countRetry(state);
  const retries = countOf(retryCounts, state.current_state);
  if (config.max_retries !== undefined && retries > config.max_retries) {
    return giveUp(around, config, retries, retryCounts);
  }
  return enterState(around, config, state.iteration + 1, retryCounts);
}

/** Neither an iteration nor a route: the state was not entered. */
function giveUp(
  around: Surroundings,
  config: StateDefinition,
  retries: number,
  retryCounts: RunState["retry_counts"],
): Taken {
  const { state } = around;
  const from = state.current_state;
  if (config.on_retry_exhausted === undefined) {
    return end(state, "error", {
      type: "LOOPS_NO_TRANSITION",
      message: `State "${from}" was retried ${retries} times and has no on_retry_exhausted. Add one beside max_retries.`,
      state: from,
    });
  }
  const target = settleTarget(around, config.on_retry_exhausted, "on_retry_exhausted");
  if (target.kind !== "state") return end(state, "error", target.error);
  return {
    events: [retryExhausted(from, retries, target.state)],
    changes: {
      current_state: target.state,
      previous_state: from,
      retry_counts: without(retryCounts, from),
      attempt: 1,
    },
    next: { kind: "advance" },
  };
}

function enterState(
  around: Surroundings,
  config: StateDefinition,
  iteration: number,
  retryCounts: RunState["retry_counts"],
): Taken {
  const { state } = around;
  const { action, loop } = config;
  const entered = stateEnter(state.current_state, iteration, state.attempt);
  const changes: Changes = { iteration, phase: "acted", pending_action: null, pending_result: null };
  // Not in every delta: it is written out each time.
  if (retryCounts !== state.retry_counts) changes.retry_counts = retryCounts;
  if (loop !== undefined) return enterChild(around, { ...config, loop }, { events: [entered], changes });
  if (action === undefined) return { events: [entered], changes, next: { kind: "advance" } };

  let planned: PlannedAction;
  try {
    planned = planAction(action, config, around, iteration);
  } catch (error) {
    return endAfter(state, { events: [entered], changes }, "error", toRunError(error, state.current_state));
  }
  const { key, command, type } = planned;
  changes.phase = "acting";
  changes.pending_action = { key, command, type, process: null };
  return {
    events: [entered, actionStart(command, isPrompt(type))],
    changes,
    next: { kind: "act", action: planned },
  };
}
