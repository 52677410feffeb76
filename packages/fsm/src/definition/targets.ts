import type { StateDefinition } from "./types.js";

/** As a target: stay in the state. */
export const CURRENT_STATE = "$current";

/** The fields of a state that name the state to go to. */
export const targetFields = [
  "next",
  "on_yes",
  "on_no",
  "on_error",
  "on_partial",
  "on_blocked",
  "on_retry_exhausted",
  "on_maintain",
] as const;

/** The fields of a state that name a state for each of several verdicts. */
export const targetTables = ["route", "on_verdict"] as const;

type Shorthand = "on_yes" | "on_no" | "on_error" | "on_partial" | "on_blocked";

/** Where each verdict goes without a `route` table. */
const shorthands: ReadonlyMap<string, Shorthand> = new Map([
  ["yes", "on_yes"],
  ["no", "on_no"],
  ["error", "on_error"],
  ["partial", "on_partial"],
  ["blocked", "on_blocked"],
]);

/** Verdicts whose `on_<verdict>` is another name for a field: of MCP tools, and of evaluators that speak like them. */
const verdictAliases: ReadonlyMap<string, Shorthand> = new Map([
  ["success", "on_yes"],
  ["failure", "on_no"],
]);

/** The names of the fields that lead somewhere on a verdict, in their order; a `route` table overrules them all. */
export const shorthandFields = [...shorthands.values(), "on_verdict"] as const;

/** Whether no verdict can find this key of a `route` table. */
export function isNoVerdict(key: string): boolean {
  return key.startsWith("_") && key !== "_" && key !== "_error";
}

/** Whether a target is known only when it is interpolated. */
export function isDynamicTarget(target: string): boolean {
  return target.includes("${");
}

/**
 * Where a state goes on `verdict`, or `null` where nothing says so. `next` wins; then the `route` table alone if there
 * is one (the verdict itself, then `_`, and for `error` first `_error`); then `on_<verdict>`, which for `success` and
 * `failure` is also `on_yes` and `on_no`.
 * The target is not interpolated yet; `$current` is already `currentState`.
 */
export function resolveTarget(state: StateDefinition, verdict: string, currentState: string): string | null {
  const target =
    state.next || (state.route === undefined ? byShorthand(state, verdict) : byTable(state.route, verdict));
  return target ? resolveCurrent(target, currentState) : null;
}

/** `$current` is `currentState`; every other target is itself. For targets that no verdict leads to, and interpolated ones. */
export function resolveCurrent(target: string, currentState: string): string {
  return target === CURRENT_STATE ? currentState : target;
}

function byTable(route: Readonly<Record<string, string>>, verdict: string): string | undefined {
  // A verdict named like a member of Object.prototype must not find that.
  const keys = verdict === "error" ? [verdict, "_error", "_"] : [verdict, "_"];
  const key = keys.find((candidate) => Object.hasOwn(route, candidate));
  return key === undefined ? undefined : route[key];
}

function byShorthand(state: StateDefinition, verdict: string): string | undefined {
  const field = shorthands.get(verdict);
  if (field !== undefined && state[field]) return state[field];
  const others = state.on_verdict ?? {};
  if (Object.hasOwn(others, verdict)) return others[verdict];
  const alias = verdictAliases.get(verdict);
  return alias === undefined ? undefined : state[alias];
}
