import { actionKind } from "../definition/action-kind.js";
import { defaultLlm } from "../definition/default-llm.js";
import type { StateDefinition } from "../definition/types.js";
import type { EvaluationRequest } from "../evaluators/evaluation.js";
import { fillConfig } from "../evaluators/fill-config.js";
import type { ActionResult } from "../run-state.js";
import { fill, type Surroundings, scopeOf } from "./scope.js";

/** What a state without an action leaves behind. */
export const noResult: ActionResult = { output: "", stderr: "", exit_code: 0, duration_ms: 0 };

/** All that an evaluator needs to judge the result of the current state. */
export function evaluationRequest(around: Surroundings, config: StateDefinition): EvaluationRequest {
  const { definition, state } = around;
  const { evaluate } = config;
  const { evaluator_memory: memory = {} } = state;
  const name = state.current_state;
  const result = state.pending_result ?? noResult;
  return {
    state: name,
    config: evaluate === undefined ? undefined : fillConfig(evaluate, scopeOf(around)),
    actionType: config.action === undefined ? undefined : actionKind(config),
    result,
    text: evaluate?.source === undefined ? result.output : sourceOr(result.output, evaluate.source, around),
    memory: Object.hasOwn(memory, name) ? (memory[name] ?? null) : null,
    llm: definition.llm ?? defaultLlm,
  };
}

function sourceOr(output: string, source: string, around: Surroundings): string {
  try {
    return fill(source, around);
  } catch {
    // By the rules of loop files a source that cannot be filled in means: look at standard output.
    return output;
  }
}
