import { checkDefinition } from "./check.js";
import { formatPath, loopDefinitionError } from "./problem.js";
import type { builtInActionTypes, LoopExtensions } from "./schema.js";
import type { CURRENT_STATE, targetFields } from "./targets.js";
import type {
  CustomEvaluatorConfig,
  EvaluatorConfig,
  LlmDefinition,
  LoopDefinition,
  StateDefinition,
} from "./types.js";

/** A state to go to: one of the loop's own, `$current`, or a template that is resolved when it is needed. */
export type Target<StateName extends string> = StateName | typeof CURRENT_STATE | `${string}\${${string}`;

type TargetField = (typeof targetFields)[number];

/** Where the verdict of that name leads, as it is written in files: `on_stall`, `on_tool_error`. */
type VerdictTargets<StateName extends string> = { readonly [Field in `on_${string}`]?: Target<StateName> };

/** A {@link StateDefinition} as it is written in code: its targets are states of the same loop. */
export type StateInput<
  StateName extends string,
  Evaluator extends string = never,
  ActionType extends string = never,
> = Omit<StateDefinition, TargetField | "route" | "on_verdict" | "evaluate" | "action_type"> &
  VerdictTargets<StateName> & {
    readonly next?: Target<StateName>;
    readonly route?: Readonly<Record<string, Target<StateName>>>;
    readonly evaluate?: EvaluatorConfig | (CustomEvaluatorConfig & { readonly type: Evaluator });
    readonly action_type?: (typeof builtInActionTypes)[number] | ActionType;
  };

/** A {@link LoopDefinition} as it is written in code: defaults may be left out, and state names are checked. */
export interface LoopInput<
  StateName extends string,
  Evaluator extends string = never,
  ActionType extends string = never,
> extends Pick<LoopDefinition, "name">,
    Partial<Omit<LoopDefinition, "name" | "initial" | "states" | "llm">> {
  readonly initial: NoInfer<StateName>;
  readonly states: {
    readonly [Name in StateName]: StateInput<NoInfer<StateName>, NoInfer<Evaluator>, NoInfer<ActionType>>;
  };
  readonly llm?: Partial<LlmDefinition>;
}

/**
 * A loop written in TypeScript. A wrong state name does not compile; everything else is checked as for a file, and what
 * is only a warning there is an error here: there are no older loops in code that must go on working.
 * Evaluators and kinds of actions beside the built-in ones have to be named in `extensions`.
 *
 * @throws LoopDefinitionError `LOOPS_LOOP_INVALID` whose message lists everything that is wrong
 */
export function defineLoop<
  const StateName extends string,
  const Evaluator extends string = never,
  const ActionType extends string = never,
>(
  loop: LoopInput<StateName, Evaluator, ActionType>,
  extensions: LoopExtensions<Evaluator, ActionType> = {},
): LoopDefinition {
  const { definition, findings } = checkDefinition(loop, extensions);
  if (definition !== null && findings.length === 0) return definition;
  const problems = findings.map(({ path, message }) => ({
    path: formatPath(path),
    line: null,
    column: null,
    severity: "error" as const,
    message,
  }));
  throw loopDefinitionError({ code: "LOOPS_LOOP_INVALID", subject: JSON.stringify(loop?.name) ?? "loop", problems });
}
