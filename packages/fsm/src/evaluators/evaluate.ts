import type { EvaluatorConfig } from "../definition/types.js";
import type { Evaluation, EvaluationRequest, Evaluator, EvaluatorEffects } from "./evaluation.js";
import { evaluateExitCode } from "./exit-code.js";
import { evaluateOutputContains } from "./output-contains.js";

type Pure = "exit_code" | "output_contains";
type PureEvaluators = { readonly [Type in Pure]: Evaluator<Extract<EvaluatorConfig, { type: Type }>> };

const pure: PureEvaluators = {
  exit_code: evaluateExitCode,
  output_contains: evaluateOutputContains,
};

/**
 * Judges an action by the state's evaluator, or by the default of its kind where it has none. Rejects only as an
 * evaluator of the program's own throws, and takes at most a second for a pattern.
 */
export function evaluate(request: EvaluationRequest, _effects: EvaluatorEffects): Evaluation | Promise<Evaluation> {
  const { config } = request;
  if (config === undefined) return { type: "default", ...evaluateExitCode({ type: "exit_code" }, request) };
  // The table holds for each type the evaluator of just that config, which the compiler cannot follow through a lookup.
  const evaluator = (pure as Readonly<Record<string, Evaluator>>)[config.type];
  if (evaluator === undefined) {
    return { type: config.type, verdict: "error", details: { error: `there is no evaluator "${config.type}"` } };
  }
  return { type: config.type, ...evaluator(config as EvaluatorConfig, request) };
}
