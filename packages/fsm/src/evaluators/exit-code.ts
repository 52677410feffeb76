import type { EvaluatorConfig } from "../definition/types.js";
import type { Evaluator } from "./evaluation.js";

type ExitCodeConfig = Extract<EvaluatorConfig, { readonly type: "exit_code" }>;

/** 0 is `yes`, 1 is `no`, everything else, a signal too, is `error`. */
export const evaluateExitCode: Evaluator<ExitCodeConfig> = (_config, { result }) => {
  const { exit_code } = result;
  const verdict = exit_code === 0 ? "yes" : exit_code === 1 ? "no" : "error";
  return { verdict, details: { exit_code } };
};
