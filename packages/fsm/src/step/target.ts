import { resolveCurrent } from "../definition/targets.js";
import type { LoopDefinition } from "../definition/types.js";
import type { RunError } from "../run-state.js";
import { findState, knownStates } from "./lookup.js";
import { toRunError } from "./run-error.js";
import { fill, type Surroundings } from "./scope.js";
import type { Changes } from "./taken.js";

export type Target =
  | { readonly kind: "state"; readonly state: string }
  /** Its template could not be filled in. */
  | { readonly kind: "unreadable"; readonly error: RunError }
  /** It is no state of the loop. */
  | { readonly kind: "unknown"; readonly error: RunError };

/** The state that a route, a `next` or a retry target stands for, with templates filled in and `$current` resolved. */
export function settleTarget(around: Surroundings, template: string, where: string, changes?: Changes): Target {
  const { definition, state } = around;
  const from = state.current_state;
  let name: string;
  try {
    name = resolveCurrent(fill(template, around, changes), from);
  } catch (error) {
    return { kind: "unreadable", error: toRunError(error, from) };
  }
  if (findState(definition, name) !== undefined) return { kind: "state", state: name };
  return { kind: "unknown", error: unknownState(definition, name, from, where) };
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
