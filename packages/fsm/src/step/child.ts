import { resolveTarget } from "../definition/targets.js";
import type { StateDefinition } from "../definition/types.js";
import type { RunError, RunState } from "../run-state.js";
import { handoffDetected, handoffSpawned } from "./drafts.js";
import { end, endAfter } from "./ending.js";
import { mustSpawn } from "./handoff.js";
import { followVerdict, leavingUnseen, lostState } from "./leave.js";
import { findState } from "./lookup.js";
import type { Surroundings } from "./scope.js";
import type { Changes, Leaving, Taken } from "./taken.js";
import type { ChildOutcome } from "./types.js";
import { goOut, type Way } from "./way-out.js";

type Spawned = { readonly pid: number | null };

/**
 * The child loop is at its end: `yes` where it reached a terminal state, else `no`; an error leads to where errors do,
 * if the state says where that is. Nothing was evaluated, so that no event says so, and `prev` and `result` stay.
 *
 * One that was only left, because this run is to stop too or because its context is used up, stays pending: whoever goes
 * on with this run goes on with it.
 */
export function leaveChild(around: Surroundings, outcome: ChildOutcome, spawned?: Spawned): Taken {
  const { definition, state, facts } = around;
  const { terminatedBy, captured, error } = outcome;
  if (terminatedBy === "signal" && facts.stopRequested) return end(state, "signal");
  if (terminatedBy === "handoff") return handOn(around, outcome, spawned);
  // All the way up: a loop in a loop in itself is a mistake in the loops, which no `no` is meant for.
  if (error?.type === "LOOPS_DEPTH") return failChild(around, error);

  const name = state.current_state;
  const keeps = Object.keys(captured).length > 0 || Object.hasOwn(state.captured, name);
  const known = keeps ? { ...state, captured: { ...state.captured, [name]: captured } } : state;
  const seen = { ...around, state: known };
  const config = findState(definition, name);
  const taken = config === undefined ? lostState(seen) : goOut(seen, done(state), wayOut(config, known, outcome), null);
  return keeps ? { ...taken, captured: { [name]: captured } } : taken;
}

/** There was no child loop, or none that could begin: an error of the state, and without a way for it of the run. */
export function failChild(around: Surroundings, error: RunError): Taken {
  const { definition, state } = around;
  const name = state.current_state;
  const own = { ...error, state: name };
  const config = findState(definition, name);
  const template = config === undefined ? null : errorTarget(config, name);
  if (template === null) return endAfter(state, done(state), "error", own);
  return goOut(around, done(state), { kind: "to", template, where: 'verdict "error"' }, null);
}

/** The child is over, whatever it came to. */
function done(state: RunState): Leaving {
  const { events, changes } = leavingUnseen();
  changes.pending_child = null;
  // Whoever was to be told has been.
  if (typeof state.continuation_prompt === "string") changes.continuation_prompt = null;
  return { events, changes };
}

function wayOut(config: StateDefinition, state: RunState, { terminatedBy, error, loop }: ChildOutcome): Way {
  const name = state.current_state;
  if (terminatedBy === "error" && hasWayForErrors(config)) {
    const template = errorTarget(config, name);
    if (template !== null) return { kind: "to", template, where: 'verdict "error"' };
  }
  if (config.next !== undefined) return { kind: "to", template: config.next, where: "next" };
  const way = followVerdict(config, state, terminatedBy === "terminal" ? "yes" : "no");
  if (way.kind !== "none") return way;
  const why = error === null ? terminatedBy : error.message;
  return { kind: "none", message: `${way.message} Its loop "${loop}" ended by: ${why}` };
}

/** The default of a table is none: it is for what has no way of its own, and an error of a child is a `no` then. */
function hasWayForErrors({ next, route, on_error }: StateDefinition): boolean {
  if (next !== undefined || route === undefined) return on_error !== undefined;
  return Object.hasOwn(route, "error") || Object.hasOwn(route, "_error");
}

function errorTarget(config: StateDefinition, name: string): string | null {
  // `next` is for loops that were run to their end.
  return config.next === undefined ? resolveTarget(config, "error", name) : (config.on_error ?? null);
}

/** The child's context is used up, and with it that of this run: both wait, and only the outermost makes a successor. */
function handOn(around: Surroundings, outcome: ChildOutcome, spawned?: Spawned): Taken {
  const { state } = around;
  const continuation = outcome.continuationPrompt ?? "";
  if (mustSpawn(around) && spawned === undefined) {
    return { events: [], changes: {}, next: { kind: "spawn", continuation, evaluation: null, outcome } };
  }
  const { current_state: name, iteration } = state;
  const events = [handoffDetected(name, iteration, continuation)];
  if (spawned !== undefined && spawned.pid !== null) events.push(handoffSpawned(spawned.pid, name));
  const changes: Changes = { continuation_prompt: continuation };
  return endAfter(state, { events, changes }, "handoff");
}
