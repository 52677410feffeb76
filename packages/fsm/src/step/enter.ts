import type { LoopDefinition, StateDefinition } from "../definition/types.js";
import { interpolate } from "../interpolate.js";
import type { RunState } from "../run-state.js";
import { applyDelta } from "./delta.js";
import { actionStart, retryExhausted, stateEnter } from "./drafts.js";
import { end, endAfter } from "./ending.js";
import { findState } from "./lookup.js";
import { toRunError } from "./run-error.js";
import { scopeOf } from "./scope.js";
import { settleTarget, unknownState } from "./target.js";
import type { Facts, Step } from "./types.js";

const defaultTimeoutS = 3600;

/**
 * Phase `ready`: ends the run, gives up on a state that was retried too often, or enters the current state.
 * A terminal state comes before every limit: a loop that is done is done, even on its last iteration.
 */
export function enter(definition: LoopDefinition, state: RunState, facts: Facts): Step {
  const config = findState(definition, state.current_state);
  if (config === undefined) {
    const from = state.previous_state ?? state.current_state;
    return end(state, "error", unknownState(definition, state.current_state, from, "the run"));
  }
  if (config.terminal === true) return end(state, "terminal");
  if (facts.stopRequested) return end(state, "signal");

  // A state entered anew keeps its iteration and its retry count: neither is checked or counted twice.
  const anew = state.attempt > 1;
  if (!anew && state.iteration >= definition.max_iterations) return end(state, "max_iterations");
  if (definition.timeout !== undefined && facts.elapsedMs > definition.timeout * 1000) return end(state, "timeout");
  if (anew) return enterState(definition, config, state, state.iteration, state.retry_counts, facts);

  const retryCounts = countRetry(state);
  const retries = countOf(retryCounts, state.current_state);
  if (config.max_retries !== undefined && retries > config.max_retries) {
    return giveUp(definition, config, state, retries, retryCounts, facts);
  }
  return enterState(definition, config, state, state.iteration + 1, retryCounts, facts);
}

function countRetry(state: RunState): RunState["retry_counts"] {
  const { current_state: current, previous_state: previous, retry_counts: counts } = state;
  if (previous === null) return counts;
  if (current === previous) return { ...counts, [current]: countOf(counts, current) + 1 };
  return without(counts, previous);
}

/** States may be named like members of Object.prototype: `constructor` was not retried because there is one. */
function countOf(counts: RunState["retry_counts"], name: string): number {
  return Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0;
}

function without(counts: RunState["retry_counts"], name: string): RunState["retry_counts"] {
  if (!Object.hasOwn(counts, name)) return counts;
  return Object.fromEntries(Object.entries(counts).filter(([key]) => key !== name));
}

/** Neither an iteration nor a route: the state was not entered. */
function giveUp(
  definition: LoopDefinition,
  config: StateDefinition,
  state: RunState,
  retries: number,
  retryCounts: RunState["retry_counts"],
  facts: Facts,
): Step {
  const from = state.current_state;
  if (config.on_retry_exhausted === undefined) {
    return end(state, "error", {
      type: "LOOPS_NO_TRANSITION",
      message: `State "${from}" was retried ${retries} times and has no on_retry_exhausted. Add one beside max_retries.`,
      state: from,
    });
  }
  const scope = scopeOf(definition, state, facts);
  const target = settleTarget(definition, state, config.on_retry_exhausted, scope, "on_retry_exhausted");
  if (!target.ok) return end(state, "error", target.error);
  return {
    events: [retryExhausted(from, retries, target.state)],
    delta: {
      set: { current_state: target.state, previous_state: from, retry_counts: without(retryCounts, from), attempt: 1 },
    },
    next: { kind: "advance" },
  };
}

function enterState(
  definition: LoopDefinition,
  config: StateDefinition,
  state: RunState,
  iteration: number,
  retryCounts: RunState["retry_counts"],
  facts: Facts,
): Step {
  const name = state.current_state;
  const entered = stateEnter(name, iteration, state.attempt);
  const set = { iteration, retry_counts: retryCounts, pending_action: null, pending_result: null };
  if (config.action === undefined) {
    return { events: [entered], delta: { set: { ...set, phase: "acted" } }, next: { kind: "advance" } };
  }

  let command: string;
  try {
    command = interpolate(config.action, scopeOf(definition, applyDelta(state, { set }), facts));
  } catch (error) {
    return endAfter(state, { events: [entered], delta: { set } }, "error", toRunError(error, name));
  }
  const key = `${state.run_id}:${iteration}`;
  return {
    events: [entered, actionStart(command)],
    delta: {
      set: {
        ...set,
        phase: "acting",
        pending_action: { key, command, type: config.action_type ?? "shell", process: null },
      },
    },
    next: {
      kind: "act",
      action: {
        state: name,
        iteration,
        attempt: state.attempt,
        key,
        type: config.action_type ?? "shell",
        command,
        // 0 counts as not set, as it always has in loop files.
        timeoutMs: (config.timeout || definition.default_timeout || defaultTimeoutS) * 1000,
      },
    },
  };
}
