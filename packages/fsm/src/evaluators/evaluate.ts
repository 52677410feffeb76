import type { EvaluatorConfig } from "../definition/types.js";
import type { ActionResult } from "../run-state.js";
import type { Evaluator, Verdict } from "./evaluation.js";
import { evaluateExitCode } from "./exit-code.js";
import { evaluateOutputContains } from "./output-contains.js";

/** A verdict, and what gave it: the `type` of the config, or `default` where the state has none. */
export interface Evaluation extends Verdict {
  readonly type: string;
}

type Evaluators = { readonly [Type in EvaluatorConfig["type"]]: Evaluator<Extract<EvaluatorConfig, { type: Type }>> };

const evaluators: Evaluators = {
  exit_code: evaluateExitCode,
  output_contains: evaluateOutputContains,
};

/**
 * Judges an action by the state's evaluator, or by its exit code where it has none. Reads and changes nothing, never throws, and
 * takes at most a second for a pattern.
 *
 * @param sourceText the interpolated `source` of the config
 *   @default standard output
 */
export function evaluate(config: EvaluatorConfig | undefined, result: ActionResult, sourceText?: string): Evaluation {
  const input = { result, text: sourceText ?? result.output };
  if (config === undefined) return { type: "default", ...evaluateExitCode({ type: "exit_code" }, input) };
  // The table holds for each type the evaluator of just that config, which the compiler cannot follow through a lookup.
  const evaluator = evaluators[config.type] as Evaluator;
  return { type: config.type, ...evaluator(config, input) };
}
