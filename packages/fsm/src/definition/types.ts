/** The config of an evaluator, by `type`. */
export type EvaluatorConfig =
  | { readonly type: "exit_code"; readonly source?: string }
  | {
      readonly type: "output_contains";
      /** Regular expression; where it does not compile, a plain substring. Not interpolated. */
      readonly pattern: string;
      /** @default false */
      readonly negate?: boolean;
      /** Template whose text is looked at instead of standard output. */
      readonly source?: string;
    };

/** One state, as in the loop file with aliases resolved (`on_success` is `on_yes`, `on_failure` is `on_no`). */
export interface StateDefinition {
  /** Command text, interpolated when it runs. */
  readonly action?: string;
  /** @default "shell" */
  readonly action_type?: "shell";
  readonly evaluate?: EvaluatorConfig;
  /** Verdict to state; `_` is the default, `_error` is for errors. */
  readonly route?: Readonly<Record<string, string>>;
  readonly on_yes?: string;
  readonly on_no?: string;
  readonly on_error?: string;
  readonly on_partial?: string;
  readonly on_blocked?: string;
  /** Unconditional; wins over everything else. */
  readonly next?: string;
  /** @default false */
  readonly terminal?: boolean;
  /** Key under which the result is kept in `captured`. */
  readonly capture?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly max_retries?: number;
  readonly on_retry_exhausted?: string;
}

/** A loop, checked, with the file's own names. Plain data. */
export interface LoopDefinition {
  readonly name: string;
  readonly description?: string;
  readonly initial: string;
  readonly states: Readonly<Record<string, StateDefinition>>;
  /** @default {} */
  readonly context: Readonly<Record<string, unknown>>;
  /** State entries allowed. @default 50 */
  readonly max_iterations: number;
  /** Seconds for the whole loop over all segments. */
  readonly timeout?: number;
  /** Seconds for an action whose state has no `timeout`. */
  readonly default_timeout?: number;
  /** Context key of the command line's positional input. @default "input" */
  readonly input_key: string;
}
