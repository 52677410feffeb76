import type { EvaluatorConfig } from "../definition/types.js";
import type { ActionResult } from "../run-state.js";

/** What an evaluator says of an action. */
export interface Verdict {
  /** Decides the route: `yes`, `no`, `error`, or one of the evaluator's own. */
  readonly verdict: string;
  /** What it is based on. Plain data. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What an evaluator looks at. */
export interface EvaluatorInput {
  readonly result: ActionResult;
  /** Standard output, or the text of the config's `source`. */
  readonly text: string;
}

/** Judges an action. Pure, and never throws: what cannot be judged is the verdict `error`. */
export type Evaluator<Config extends EvaluatorConfig = EvaluatorConfig> = (
  config: Config,
  input: EvaluatorInput,
) => Verdict;
