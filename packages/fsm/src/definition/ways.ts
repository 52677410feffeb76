import type { LoopDefinition, StateDefinition } from "./types.js";

/** Where a state leads to, and by what: a verdict, or what stands in for one; empty for `next`. */
export type Way = readonly [label: string, target: string | undefined];

/** What of a state says where it leads to. */
export type StateTargets = Pick<
  StateDefinition,
  | "terminal"
  | "next"
  | "route"
  | "on_yes"
  | "on_no"
  | "on_error"
  | "on_partial"
  | "on_blocked"
  | "on_verdict"
  | "on_retry_exhausted"
  | "on_maintain"
>;

/**
 * The ways out of a state, in the order of the file's fields; a target is `undefined` where the field is absent,
 * `$current` for the state itself, and may be a template, filled in at run time. For whoever draws a loop. Pure.
 */
export function waysOf(loop: Pick<LoopDefinition, "initial" | "maintain">, state: StateTargets): readonly Way[] {
  if (state.terminal === true) {
    // Only a loop that is maintained goes on.
    return loop.maintain === true ? [["maintain", state.on_maintain ?? loop.initial]] : [];
  }
  const giveUp: Way = ["retries used up", state.on_retry_exhausted];
  if (state.next !== undefined) return [["", state.next], ["error", state.on_error], giveUp];
  if (state.route !== undefined) {
    return [...Object.entries(state.route).map(([verdict, to]): Way => [routeLabel(verdict), to]), giveUp];
  }
  return [
    ["yes", state.on_yes],
    ["no", state.on_no],
    ["error", state.on_error],
    ["partial", state.on_partial],
    ["blocked", state.on_blocked],
    ...Object.entries(state.on_verdict ?? {}),
    giveUp,
  ];
}

function routeLabel(verdict: string): string {
  return verdict === "_" ? "else" : verdict === "_error" ? "error" : verdict;
}
