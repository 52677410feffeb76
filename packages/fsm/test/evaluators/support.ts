import type { EvaluationRequest, EvaluatorEffects } from "../../src/evaluators/evaluation.js";
import type { ActionResult } from "../../src/run-state.js";

export function resultOf(fields: Partial<ActionResult> = {}): ActionResult {
  return { output: "", stderr: "", exit_code: 0, duration_ms: 1, ...fields };
}

/** A question about the state `check`; its text is the output, unless it is given. */
export function request(
  fields: Partial<Omit<EvaluationRequest, "text">> & { readonly text?: string | undefined },
): EvaluationRequest {
  const result = fields.result ?? resultOf();
  const llm = { enabled: true, model: "sonnet", max_tokens: 256, timeout: 1800 };
  const text = fields.text ?? result.output;
  return { state: "check", config: undefined, actionType: "shell", memory: null, llm, ...fields, result, text };
}

/** Effects that have nothing to give: no model, no working tree, no evaluators of a program. */
export function withEffects(effects: Partial<EvaluatorEffects> = {}): EvaluatorEffects {
  const diffStat = () => Promise.reject(new Error("no working tree"));
  return { askModel: undefined, diffStat, custom: {}, signal: new AbortController().signal, ...effects };
}
