import { isLoopsError } from "@loops/core";
import type { CustomEvaluatorConfig, EvaluatorConfig } from "../definition/types.js";
import { interpolate } from "../interpolate.js";
import type { InterpolationScope } from "../interpolate-scope.js";

type Config = EvaluatorConfig | CustomEvaluatorConfig;

/** The fields with templates, by type. */
const templates: Readonly<Record<string, readonly string[]>> = {
  output_numeric: ["target"],
  convergence: ["target", "previous", "tolerance"],
  llm_structured: ["prompt"],
};

/**
 * The config of an evaluator with its templates filled in; `source` is not among them. A template that cannot be filled
 * in stays as it is written, and is then judged like any other text: a target or a tolerance that is no number, a prompt
 * with a hole. Pure.
 */
export function fillConfig<C extends Config>(config: C, scope: InterpolationScope): C {
  const fields = Object.hasOwn(templates, config.type) ? (templates[config.type] ?? []) : [];
  let filled: Record<string, unknown> | undefined;
  for (const field of fields) {
    const template = (config as CustomEvaluatorConfig)[field];
    if (typeof template !== "string" || !template.includes("${")) continue;
    filled ??= { ...config };
    filled[field] = fill(template, scope);
  }
  return (filled as C | undefined) ?? config;
}

function fill(template: string, scope: InterpolationScope): string {
  try {
    return interpolate(template, scope);
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_INTERPOLATION")) throw error;
    return template;
  }
}
