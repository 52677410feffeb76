import { errorMessage, timerMs } from "@loops/core";
import type { PlainObject } from "../definition/plain-data.js";
import type { LlmDefinition, LlmStructuredConfig } from "../definition/types.js";
import { pythonText } from "../interpolate-value.js";
import type { AskModel, EvaluatorEffects, EvaluatorInput, ModelQuestion, Verdict } from "./evaluation.js";
import { readModelAnswer } from "./model-answer.js";
import { ModelError, type ModelErrorKind, modelErrorKind } from "./model-error.js";
import { defaultAnswerSchema, questionText } from "./model-question.js";
import { pythonFloat } from "./python/float.js";
import { asNumber, isTruthy, jsonValue } from "./python/json.js";
import { firstCharacters } from "./python/text.js";

/** So much of question and answer is kept in the details. */
const keptCharacters = 500;

/** The detail that says which kind of problem there was. */
const flags: Readonly<Record<ModelErrorKind, string>> = {
  missing: "missing_dependency",
  timeout: "timeout",
  empty: "empty_output",
  failed: "api_error",
};

/**
 * Asks a model about the end of the text. Its verdict is the verdict, with `_uncertain` behind it where that is wanted
 * and the model is less sure than `min_confidence`. Whatever goes wrong, a model that never answers too, is the verdict
 * `error`.
 * Rejects only when `effects.signal` is aborted, with its reason.
 */
export async function evaluateLlmStructured(
  config: LlmStructuredConfig,
  { text, llm }: Pick<EvaluatorInput, "text"> & { readonly llm: LlmDefinition },
  { askModel, signal, monotonicMs = () => performance.now() }: EvaluatorEffects,
): Promise<Verdict> {
  if (!llm.enabled) return failure("models are turned off for this loop (llm.enabled)", {});
  if (askModel === undefined) {
    return failure("no model is configured, so none can be asked", { missing_dependency: true });
  }
  const { model, max_tokens: maxTokens, timeout } = llm;
  const schema = config.schema !== undefined && isTruthy(config.schema) ? config.schema : defaultAnswerSchema;
  const prompt = questionText(config.prompt, text);
  const begunMs = monotonicMs();
  let said: string;
  try {
    said = await ask(askModel, { prompt, schema, model, maxTokens, timeoutMs: timeout * 1000, signal });
  } catch (error) {
    signal.throwIfAborted();
    return failure(errorMessage(error), { [flags[modelErrorKind(error)]]: true });
  }
  const latencyMs = Math.floor(monotonicMs() - begunMs);
  if (typeof said !== "string")
    return failure(`the model's answer is no text but of type ${typeof said}`, { api_error: true });
  if (said.trim() === "") return failure("the model said nothing", { empty_output: true });
  const answer = readModelAnswer(said);
  if (answer.kind === "failed") return failure(answer.reason, { api_error: true });
  const raw_preview = firstCharacters(said, 300);
  if (answer.kind === "unreadable") return failure(answer.reason, { raw_preview });
  const confidence = confidenceOf(answer.value);
  if (confidence === null) return failure("the confidence of the model's answer is no number", { raw_preview });

  const confident = confidence >= (config.min_confidence ?? 0.5);
  const verdict = verdictOf(answer.value);
  return {
    verdict: config.uncertain_suffix === true && !confident ? `${verdict}_uncertain` : verdict,
    details: {
      confidence,
      confident,
      reason: answer.value["reason"] ?? "",
      raw: jsonValue(answer.value),
      llm_model: model,
      llm_latency_ms: latencyMs,
      llm_prompt: firstCharacters(prompt, keptCharacters),
      llm_raw_output: firstCharacters(said, keptCharacters),
    },
  };
}

function failure(error: string, more: Readonly<Record<string, unknown>>): Verdict {
  return { verdict: "error", details: { error, ...more } };
}

/** An answer without one is sure. */
function confidenceOf(answer: PlainObject): number | null {
  if (!Object.hasOwn(answer, "confidence")) return 1;
  const { confidence } = answer;
  const number = typeof confidence === "string" ? pythonFloat(confidence) : asNumber(confidence);
  return number === null || !Number.isFinite(number) ? null : number;
}

function verdictOf(answer: PlainObject): string {
  return Object.hasOwn(answer, "verdict") ? pythonText(answer["verdict"]) : "error";
}

/** The deadline holds for an `askModel` that does not know of it, too; its signal tells it to give up. */
async function ask(askModel: AskModel, question: ModelQuestion): Promise<string> {
  const { timeoutMs, signal } = question;
  signal.throwIfAborted();
  const ending = new AbortController();
  const ended = new Promise<never>((_resolve, reject) => {
    ending.signal.addEventListener("abort", () => reject(ending.signal.reason), { once: true });
  });
  const onAbort = () => ending.abort(signal.reason);
  const late = () => ending.abort(new ModelError("timeout", `the model did not answer within ${timeoutMs / 1000} s`));
  const timer = setTimeout(late, timerMs(timeoutMs));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([askModel({ ...question, signal: ending.signal }), ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
