import type { CustomEvaluatorConfig, EvaluatorConfig, LlmDefinition } from "../definition/types.js";
import type { ActionResult } from "../run-state.js";

/** What an evaluator keeps with the run from one look at a state to the next: plain data. */
export type EvaluatorMemory = Readonly<Record<string, unknown>>;

/** What an evaluator says of an action. */
export interface Verdict {
  /** Decides the route: `yes`, `no`, `error`, or one of the evaluator's own. */
  readonly verdict: string;
  /** What it is based on. Plain data. */
  readonly details: Readonly<Record<string, unknown>>;
  /** To be there when this state is judged again, in this run. @default what was there before */
  readonly memory?: EvaluatorMemory;
}

/** A verdict, and what gave it: the `type` of the config, or `default` where the state has none. */
export interface Evaluation extends Verdict {
  readonly type: string;
}

/** What an evaluator looks at. */
export interface EvaluatorInput {
  readonly result: ActionResult;
  /** Standard output, or the text of the config's `source`. */
  readonly text: string;
  /** What it said last time of this state, in this run; `null` the first time. */
  readonly memory: EvaluatorMemory | null;
}

/** All that is needed to judge an action: values, so that a step can ask for it. */
export interface EvaluationRequest extends EvaluatorInput {
  readonly state: string;
  /** Templates in it are filled in. `undefined`: the default of the kind of action. */
  readonly config: EvaluatorConfig | CustomEvaluatorConfig | undefined;
  /** What ran: decides the default evaluator. `undefined`: no action. */
  readonly actionType: string | undefined;
  readonly llm: LlmDefinition;
}

/** Judges an action, by values alone. What the action said is never a reason to throw: it is the verdict `error`. */
export type Evaluator<Config extends { readonly type: string } = EvaluatorConfig> = (
  config: Config,
  input: EvaluatorInput,
) => Verdict;

/** An evaluator that the program brings along. What it throws ends the loop with an error. */
export type CustomEvaluator = (
  config: CustomEvaluatorConfig,
  input: EvaluatorInput & { readonly signal: AbortSignal },
) => Verdict | Promise<Verdict>;

/** A question for a model whose answer is JSON. */
export interface ModelQuestion {
  readonly prompt: string;
  /** JSON Schema of the answer. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly model: string;
  readonly maxTokens: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * What the model said, as text; JSON somewhere in it. Rejects where there is no answer, at best with a `ModelError` that
 * says why. It is given up after `timeoutMs`, whether it obeys `signal` or not.
 */
export type AskModel = (question: ModelQuestion) => Promise<string>;

/** What evaluators may do to the world; injected, so that a simulation does nothing. */
export interface EvaluatorEffects {
  /** `undefined`: no model was configured, and what would ask one has the verdict `error`. */
  readonly askModel: AskModel | undefined;
  /** The text of `git diff --stat` for some paths. Rejects where it cannot be had, and once `signal` is aborted. */
  readonly diffStat: (scope: readonly string[], signal: AbortSignal) => Promise<string>;
  readonly custom: Readonly<Record<string, CustomEvaluator>>;
  /** Aborting it gives up what is waited for. */
  readonly signal: AbortSignal;
  /** For how long a model took. @default `performance.now()` */
  readonly monotonicMs?: (() => number) | undefined;
  /** Answers in place of an evaluator; `null` where that is to look for itself. @default they all look for themselves */
  readonly answer?: ((request: EvaluationRequest) => Verdict | null) | undefined;
}
