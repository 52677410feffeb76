import { resolveTarget } from "../definition/targets.js";
import type { StateDefinition } from "../definition/types.js";
import type { Evaluation } from "../evaluators/evaluation.js";
import type { LastResult, RunState } from "../run-state.js";
import { evaluate as evaluateDraft } from "./drafts.js";
import { endAfter } from "./ending.js";
import { evaluationRequest, noResult } from "./evaluation-request.js";
import { findState } from "./lookup.js";
import { ownDetails } from "./reserved-fields.js";
import type { Surroundings } from "./scope.js";
import type { Changes, Leaving, Taken } from "./taken.js";
import { unknownState } from "./target.js";
import { goOut, type Way } from "./way-out.js";

/** Phase `acted`: follows `next`, asks the evaluator, or, with nothing to act on and nothing to ask, says yes. */
export function leave(around: Surroundings, spawned?: { readonly pid: number | null }): Taken {
  const { state, definition } = around;
  const config = findState(definition, state.current_state);
  if (config === undefined) return lostState(around);
  if (config.next !== undefined) {
    const before = config.action === undefined ? leavingUnseen() : leaving(state);
    return goOut(around, before, followNext(config, config.next, state), null, spawned);
  }
  if (config.action === undefined && config.evaluate === undefined) {
    return goOut(around, leaving(state), followVerdict(config, state, "yes"), null, spawned);
  }
  return { events: [], changes: {}, next: { kind: "evaluate", request: evaluationRequest(around, config) } };
}

/** The evaluator has answered: its verdict decides the way out. */
export function leaveWith(
  around: Surroundings,
  evaluation: Evaluation,
  spawned?: { readonly pid: number | null },
): Taken {
  const { definition, state } = around;
  const config = findState(definition, state.current_state);
  if (config === undefined) return lostState(around);
  const last: LastResult = { verdict: evaluation.verdict, details: ownDetails(evaluation.details) };
  const { changes } = leaving(state);
  changes.last_result = last;
  if (evaluation.memory !== undefined) {
    changes.evaluator_memory = { ...state.evaluator_memory, [state.current_state]: evaluation.memory };
  }
  const before = { events: [evaluateDraft(evaluation)], changes };
  return goOut(around, before, followVerdict(config, state, last.verdict), evaluation, spawned);
}

export function followVerdict(config: StateDefinition, state: RunState, verdict: string): Way {
  const name = state.current_state;
  const template = resolveTarget(config, verdict, name);
  if (template !== null) return { kind: "to", template, where: `verdict "${verdict}"` };
  return {
    kind: "none",
    message:
      `No valid transition from state "${name}" for verdict "${verdict}". ` +
      `Add on_${verdict}, a route for it, or \`_\` as the default.`,
  };
}

/** No evaluator looks at it: only an action that was killed leads elsewhere. */
function followNext(config: StateDefinition, next: string, state: RunState): Way {
  const exitCode = state.pending_result?.exit_code ?? 0;
  if (exitCode >= 0) return { kind: "to", template: next, where: "next" };
  if (config.on_error !== undefined) return { kind: "to", template: config.on_error, where: "on_error" };
  // Killed from outside: most likely somebody wants the whole loop to stop.
  return { kind: "stop" };
}

function leaving(state: RunState): Leaving {
  const { output, exit_code } = state.pending_result ?? noResult;
  const prev = { output, exit_code, state: state.current_state };
  return { events: [], changes: { prev_result: prev, pending_result: null } };
}

/** A state that only passes on leaves `prev` to the one before it. */
export function leavingUnseen(): Leaving {
  const changes: Changes = { pending_result: null };
  return { events: [], changes };
}

export function lostState({ definition, state }: Surroundings): Taken {
  const name = state.current_state;
  return endAfter(state, leaving(state), "error", unknownState(definition, name, name, "the run"));
}
