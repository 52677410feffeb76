import { LoopsError } from "@loops/core";
import { isPlainObject, toPlainData } from "../definition/plain-data.js";
import type { CustomEvaluatorConfig } from "../definition/types.js";
import type { CustomEvaluator, EvaluatorEffects, EvaluatorInput, Verdict } from "./evaluation.js";

/**
 * Asks an evaluator of the program's own. What it throws or rejects with is passed on as it is.
 * @throws LoopsError `LOOPS_EVALUATOR` for what is no verdict
 */
export function evaluateCustom(
  evaluator: CustomEvaluator,
  config: CustomEvaluatorConfig,
  { result, text, memory }: EvaluatorInput,
  { signal }: Pick<EvaluatorEffects, "signal">,
): Verdict | Promise<Verdict> {
  const answer: unknown = evaluator(config, { result, text, memory, signal });
  if (!isThenable(answer)) return checkVerdict(config.type, answer);
  return Promise.resolve(answer).then((value) => checkVerdict(config.type, value));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** A copy, so that what the evaluator does to its own later changes nothing; memory and details are stored with the run. */
function checkVerdict(type: string, answer: unknown): Verdict {
  if (typeof answer !== "object" || answer === null) throw noVerdict(type, "it must be an object");
  const { verdict, details = {}, memory } = answer as Record<string, unknown>;
  if (typeof verdict !== "string" || verdict === "") {
    throw noVerdict(type, '"verdict" must be text that is not empty');
  }
  const checked = { verdict, details: checkData(type, "details", details) };
  return memory === undefined ? checked : { ...checked, memory: checkData(type, "memory", memory) };
}

function checkData(type: string, field: "details" | "memory", value: unknown): Readonly<Record<string, unknown>> {
  const { data, findings } = toPlainData(value);
  const [finding] = findings;
  if (finding !== undefined) throw noVerdict(type, `"${[field, ...finding.path].join(".")}": ${finding.message}`);
  if (!isPlainObject(data)) throw noVerdict(type, `"${field}" must be an object`);
  return data;
}

function noVerdict(type: string, problem: string): LoopsError {
  const shape = "{ verdict, details, memory? }";
  return new LoopsError(
    "LOOPS_EVALUATOR",
    `[${type}] What the evaluator returned is no verdict: ${problem}. Let it return ${shape}.`,
  );
}
