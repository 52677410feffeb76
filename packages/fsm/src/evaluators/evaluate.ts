import { LoopsError } from "@loops/core";
import { listNames } from "../definition/suggest.js";
import type { CustomEvaluatorConfig, EvaluatorConfig } from "../definition/types.js";
import { evaluateConvergence } from "./convergence.js";
import { evaluateCustom } from "./custom.js";
import { evaluateDiffStall } from "./diff-stall.js";
import type { Evaluation, EvaluationRequest, EvaluatorEffects, Verdict } from "./evaluation.js";
import { evaluateExitCode } from "./exit-code.js";
import { evaluateLlmStructured } from "./llm-structured.js";
import { evaluateMcpResult } from "./mcp-result.js";
import { evaluateOutputContains } from "./output-contains.js";
import { evaluateOutputJson } from "./output-json.js";
import { evaluateOutputNumeric } from "./output-numeric.js";

type BuiltIn<Config> = (
  config: Config,
  request: EvaluationRequest,
  effects: EvaluatorEffects,
) => Verdict | Promise<Verdict>;

/** The compiler holds each evaluator against the config of its type. */
const builtIn: { readonly [Type in EvaluatorConfig["type"]]: BuiltIn<Extract<EvaluatorConfig, { type: Type }>> } = {
  exit_code: evaluateExitCode,
  output_numeric: evaluateOutputNumeric,
  output_json: evaluateOutputJson,
  output_contains: evaluateOutputContains,
  convergence: evaluateConvergence,
  diff_stall: evaluateDiffStall,
  llm_structured: evaluateLlmStructured,
  mcp_result: evaluateMcpResult,
};

/** The types that are there without the program bringing any along. */
export const evaluatorTypes = Object.keys(builtIn);

/** What judges a kind of action where the state does not say; `exit_code` for all the others. */
const defaults: ReadonlyMap<string | undefined, EvaluatorConfig> = new Map([
  ["prompt", { type: "llm_structured" }],
  ["slash_command", { type: "llm_structured" }],
  ["mcp_tool", { type: "mcp_result" }],
]);
const exitCode: EvaluatorConfig = { type: "exit_code" };

/**
 * Judges an action by the state's evaluator, or by the default of its kind where it has none. A promise only where
 * there is something to wait for: git, a model, an evaluator of the program's own. At most a second for a pattern.
 *
 * What an action said is never a reason to throw: what cannot be judged is the verdict `error`. Built-in types come before
 * evaluators of the program's own with the same name.
 *
 * @throws LoopsError `LOOPS_EVALUATOR` for a type that nobody brought along, a target that is no number, or what a custom
 * evaluator returned that is no verdict; whatever a custom evaluator throws; the signal's reason once it is aborted.
 * Thrown at once, or by the promise.
 */
export function evaluate(request: EvaluationRequest, effects: EvaluatorEffects): Evaluation | Promise<Evaluation> {
  const { config } = request;
  const answer = effects.answer?.(request) ?? null;
  if (answer !== null) return { type: config?.type ?? "default", ...answer };
  if (config !== undefined) return typed(config.type, judge(config, request, effects));
  return typed("default", judge(defaults.get(request.actionType) ?? exitCode, request, effects));
}

function typed(type: string, verdict: Verdict | Promise<Verdict>): Evaluation | Promise<Evaluation> {
  return verdict instanceof Promise ? verdict.then((value) => ({ type, ...value })) : { type, ...verdict };
}

function judge(
  config: EvaluatorConfig | CustomEvaluatorConfig,
  request: EvaluationRequest,
  effects: EvaluatorEffects,
): Verdict | Promise<Verdict> {
  const { type } = config;
  if (Object.hasOwn(builtIn, type)) {
    // The table has for each type the evaluator of just that config, which the compiler cannot follow through a lookup.
    const evaluator = (builtIn as Readonly<Record<string, BuiltIn<EvaluatorConfig>>>)[type];
    if (evaluator !== undefined) return evaluator(config as EvaluatorConfig, request, effects);
  }
  const custom = Object.hasOwn(effects.custom, type) ? effects.custom[type] : undefined;
  if (custom !== undefined) return evaluateCustom(custom, config as CustomEvaluatorConfig, request, effects);
  const known = listNames([...evaluatorTypes, ...Object.keys(effects.custom)]);
  throw new LoopsError(
    "LOOPS_EVALUATOR",
    `State ${JSON.stringify(request.state)} has an evaluator of type ${JSON.stringify(type)}, which nobody brought along. There are: ${known}.`,
  );
}
