import { checkDefinition } from "./check.js";
import { formatPath, loopDefinitionError } from "./problem.js";
import type { CURRENT_STATE, targetFields } from "./targets.js";
import type { LoopDefinition, StateDefinition } from "./types.js";

/** A state to go to: one of the loop's own, `$current`, or a template that is resolved when it is needed. */
export type Target<StateName extends string> = StateName | typeof CURRENT_STATE | `${string}\${${string}`;

type TargetField = (typeof targetFields)[number];

/** A {@link StateDefinition} whose targets are states of the same loop. */
export type StateInput<StateName extends string> = Omit<StateDefinition, TargetField | "route"> & {
  readonly [Field in TargetField]?: Target<StateName>;
} & { readonly route?: Readonly<Record<string, Target<StateName>>> };

/** A {@link LoopDefinition} as it is written in code: defaults may be left out, and state names are checked. */
export interface LoopInput<StateName extends string>
  extends Pick<LoopDefinition, "name">,
    Partial<Omit<LoopDefinition, "name" | "initial" | "states">> {
  readonly initial: NoInfer<StateName>;
  readonly states: { readonly [Name in StateName]: StateInput<NoInfer<StateName>> };
}

/**
 * A loop written in TypeScript. A wrong state name does not compile; everything else is checked as for a file, and what
 * is only a warning there is an error here: there are no older loops in code that must go on working.
 *
 * @throws LoopDefinitionError `LOOPS_LOOP_INVALID` whose message lists everything that is wrong
 */
export function defineLoop<const StateName extends string>(loop: LoopInput<StateName>): LoopDefinition {
  const { definition, findings } = checkDefinition(loop);
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
