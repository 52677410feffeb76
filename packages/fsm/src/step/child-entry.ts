import type { StateDefinition } from "../definition/types.js";
import { interpolateDeep } from "../interpolate.js";
import type { Captured, PendingChild } from "../run-state.js";
import { endAfter } from "./ending.js";
import { findState } from "./lookup.js";
import { toRunError } from "./run-error.js";
import { fill, type Surroundings, scopeOf } from "./scope.js";
import type { Changes, Leaving, Taken } from "./taken.js";
import type { PlannedChild } from "./types.js";

/** A child is given at least this of its parent's time, so that it can say how it ended. */
const minTimeoutMs = 1000;

/** Enters a state whose action is a loop: what is committed is which one, and under which run id. */
export function enterChild(
  around: Surroundings,
  config: StateDefinition & { readonly loop: string },
  { events, changes }: Leaving,
): Taken {
  const { state, facts } = around;
  const pending = { run_id: "", begun_ms: Math.round(facts.elapsedMs) };
  let child: PendingChild;
  try {
    child = { ...pending, loop: fill(config.loop, around, changes), ...bind(config, around, changes) };
  } catch (error) {
    return endAfter(state, { events, changes }, "error", toRunError(error, state.current_state));
  }
  changes.phase = "acting";
  changes.pending_child = child;
  return { events, changes, next: { kind: "child", child: planChild(around, child, null) } };
}

/** Kept with what is meant to run: whoever begins the child later gives it the same. */
function bind({ with: bindings }: StateDefinition, around: Surroundings, changes: Changes): Pick<PendingChild, "with"> {
  if (bindings === undefined) return {};
  const filled = interpolateDeep(bindings, scopeOf(around, changes));
  return { with: filled as Readonly<Record<string, unknown>> };
}

/** Goes on with a child that an earlier process began, or only meant to begin. */
export function takeUpChild(around: Surroundings, pending: PendingChild): Taken {
  return { events: [], changes: {}, next: { kind: "child", child: planChild(around, pending, pending.run_id) } };
}

function planChild(around: Surroundings, { loop, with: bindings }: PendingChild, runId: string | null): PlannedChild {
  const { definition, state, facts } = around;
  const config = findState(definition, state.current_state);
  const leftMs = definition.timeout === undefined ? null : definition.timeout * 1000 - facts.elapsedMs;
  return {
    state: state.current_state,
    loop,
    runId,
    context: config?.context_passthrough === true ? { ...state.context, ...outputsOf(state.captured) } : {},
    bindings: bindings ?? null,
    timeoutMs: leftMs === null ? null : Math.max(minTimeoutMs, leftMs),
  };
}

/** A capture reads as its output; those of a child loop are a mapping of such. */
function outputsOf(captured: Readonly<Record<string, Captured>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(captured);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, isOutput(value["output"]) ? value["output"] : outputsOf(value as never)]),
  );
}

/** A child loop may have captured something as `output`, which is then no text. */
function isOutput(output: unknown): output is string {
  return typeof output === "string";
}
