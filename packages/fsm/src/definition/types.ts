/** How `output_numeric` and `output_json` compare. */
export type Operator = "eq" | "ne" | "lt" | "le" | "gt" | "ge";

interface EvaluatorFields {
  /** Template whose text is looked at instead of standard output; where it cannot be filled in, standard output is. */
  readonly source?: string;
}

export interface ExitCodeConfig extends EvaluatorFields {
  readonly type: "exit_code";
}

export interface OutputContainsConfig extends EvaluatorFields {
  readonly type: "output_contains";
  /** Regular expression; where it does not compile, a plain substring. Not interpolated. */
  readonly pattern: string;
  /** @default false */
  readonly negate?: boolean;
}

export interface OutputNumericConfig extends EvaluatorFields {
  readonly type: "output_numeric";
  readonly operator: Operator;
  /** A number, or a template that gives one. */
  readonly target: number | string;
}

export interface OutputJsonConfig extends EvaluatorFields {
  readonly type: "output_json";
  /** Names and list indices joined by dots; a dot in front changes nothing. */
  readonly path: string;
  readonly operator: Operator;
  /** Any JSON value. Not interpolated. */
  readonly target: unknown;
}

export interface ConvergenceConfig extends EvaluatorFields {
  readonly type: "convergence";
  /** A number, or a template that gives one. */
  readonly target: number | string;
  /** @default the value that this state had the last time */
  readonly previous?: number | string;
  /** Distance from the target that counts as there. @default 0 */
  readonly tolerance?: number | string;
  /** @default "minimize" */
  readonly direction?: "minimize" | "maximize";
}

export interface DiffStallConfig extends EvaluatorFields {
  readonly type: "diff_stall";
  /** Paths to look at. @default all of the working tree */
  readonly scope?: readonly string[];
  /** So many looks without a change are a stall. @default 1 */
  readonly max_stall?: number;
}

export interface LlmStructuredConfig extends EvaluatorFields {
  readonly type: "llm_structured";
  /** Template. @default asks whether the action succeeded */
  readonly prompt?: string;
  /** JSON Schema of the answer. @default verdict (yes, no, blocked, partial), confidence, reason */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** 0 to 1. @default 0.5 */
  readonly min_confidence?: number;
  /** A verdict that is less sure than that ends in `_uncertain`. @default false */
  readonly uncertain_suffix?: boolean;
}

export interface McpResultConfig extends EvaluatorFields {
  readonly type: "mcp_result";
}

/** The config of a built-in evaluator, by `type`. */
export type EvaluatorConfig =
  | ExitCodeConfig
  | OutputContainsConfig
  | OutputNumericConfig
  | OutputJsonConfig
  | ConvergenceConfig
  | DiffStallConfig
  | LlmStructuredConfig
  | McpResultConfig;

/** The config of an evaluator that the program brings along. Its fields are its own; texts in it are not interpolated. */
export interface CustomEvaluatorConfig extends EvaluatorFields {
  readonly type: string;
  readonly [option: string]: unknown;
}

/** How the model behind `llm_structured` is asked. */
export interface LlmDefinition {
  /** Without it, a state that would ask a model has the verdict `error`. @default true */
  readonly enabled: boolean;
  /** @default "sonnet" */
  readonly model: string;
  /** @default 256 */
  readonly max_tokens: number;
  /** Seconds. @default 1800 */
  readonly timeout: number;
}

/** What to do when an action says that its context is used up. */
export type OnHandoff = "pause" | "spawn" | "terminate";

/** One state, as in the loop file with aliases resolved (`on_success` is `on_yes`, `on_failure` is `on_no`). */
export interface StateDefinition {
  /** For people. */
  readonly description?: string;
  /** Command, prompt, or name of a tool (`server/tool`) or function; interpolated when it runs. */
  readonly action?: string;
  /**
   * `shell`, `prompt`, `slash_command`, `mcp_tool`, or one that the program brings along.
   * @default "prompt" for an action that begins with "/", else "shell"
   */
  readonly action_type?: string;
  /** Arguments of an `mcp_tool` or a function; texts in it are interpolated, however deep. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly evaluate?: EvaluatorConfig | CustomEvaluatorConfig;
  /** Verdict to state; `_` is the default, `_error` is for errors. */
  readonly route?: Readonly<Record<string, string>>;
  readonly on_yes?: string;
  readonly on_no?: string;
  readonly on_error?: string;
  readonly on_partial?: string;
  readonly on_blocked?: string;
  /** Where other verdicts lead: `on_<verdict>` of the file, by verdict. */
  readonly on_verdict?: Readonly<Record<string, string>>;
  /** Unconditional; wins over everything else. */
  readonly next?: string;
  /** @default false */
  readonly terminal?: boolean;
  /** Key under which the result is kept in `captured`. */
  readonly capture?: string;
  /** Seconds. */
  readonly timeout?: number;
  /** Where a loop with `maintain` starts again from this terminal state. @default the loop's `initial` */
  readonly on_maintain?: string;
  readonly max_retries?: number;
  readonly on_retry_exhausted?: string;
  /** Name or path of a loop that runs as this state's action; interpolated. */
  readonly loop?: string;
  /** The child loop sees the context and the captured outputs of this one. @default false */
  readonly context_passthrough?: boolean;
  /** Values for the context of the child loop, over its own; texts in it are interpolated, however deep. */
  readonly with?: Readonly<Record<string, unknown>>;
}

/** A value that a loop takes from the state that runs it. */
export interface ParameterDefinition {
  readonly type: "string" | "integer" | "number" | "boolean" | "enum" | "path";
  /** @default false */
  readonly required?: boolean;
  /** Where a state gives values `with`, but not this one. */
  readonly default?: unknown;
  /** For people. */
  readonly description?: string;
  /** What it may be, where its `type` is `enum`. */
  readonly values?: readonly unknown[];
}

/** A loop, checked, with the file's own names. Plain data. */
export interface LoopDefinition {
  readonly name: string;
  readonly description?: string;
  readonly initial: string;
  readonly states: Readonly<Record<string, StateDefinition>>;
  /** @default {} */
  readonly context: Readonly<Record<string, unknown>>;
  /** What a state that runs this loop may give it `with`. Without any, anything. */
  readonly parameters?: Readonly<Record<string, ParameterDefinition>>;
  /** Paths that no other run may work on meanwhile; none is no restriction. */
  readonly scope?: readonly string[];
  /** State entries allowed. @default 50 */
  readonly max_iterations: number;
  /** Seconds to wait after each route. */
  readonly backoff?: number;
  /** Seconds for the whole loop over all segments. */
  readonly timeout?: number;
  /** Seconds for an action whose state has no `timeout`. */
  readonly default_timeout?: number;
  /** A terminal state starts the loop again instead of ending it. @default false */
  readonly maintain?: boolean;
  readonly llm?: LlmDefinition;
  /** @default "pause" */
  readonly on_handoff?: OnHandoff;
  /** How often one way from state to state may be taken, the first time included, before the run ends as a cycle. @default without end */
  readonly max_edge_revisits?: number;
  /** Context key of the command line's positional input. @default "input" */
  readonly input_key: string;
}
