import { resolveCurrent } from "../definition/targets.js";
import type { LoopDefinition } from "../definition/types.js";
import { interpolate } from "../interpolate.js";
import type { InterpolationScope } from "../interpolate-scope.js";
import type { RunError, RunState } from "../run-state.js";
import { findState, knownStates } from "./lookup.js";
import { toRunError } from "./run-error.js";

export type Target = { readonly ok: true; readonly state: string } | { readonly ok: false; readonly error: RunError };

/** The state that a route, a `next` or a retry target stands for, with templates filled in and `$current` resolved. */
export function settleTarget(
  definition: LoopDefinition,
  state: RunState,
  template: string,
  scope: InterpolationScope,
  where: string,
): Target {
  const from = state.current_state;
  let name: string;
  try {
    name = resolveCurrent(interpolate(template, scope), from);
  } catch (error) {
    return { ok: false, error: toRunError(error, from) };
  }
  if (findState(definition, name) !== undefined) return { ok: true, state: name };
  return { ok: false, error: unknownState(definition, name, from, where) };
}

/** A state that the loop does not have. */
export function unknownState(definition: LoopDefinition, name: string, from: string, where: string): RunError {
  return {
    type: "LOOPS_UNKNOWN_STATE",
    message:
      `Loop "${definition.name}", state "${from}": ${where} leads to "${name}", which is no state of the loop. ` +
      `It has: ${knownStates(definition)}.`,
    state: from,
  };
}
