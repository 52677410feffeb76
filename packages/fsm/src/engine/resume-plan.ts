import { LoopsError } from "@loops/core";
import { definitionHash } from "../definition/hash.js";
import type { LoopDefinition } from "../definition/types.js";
import type { RunState } from "../run-state.js";
import { findState, knownStates } from "../step/lookup.js";
import { withLimits } from "./limits.js";
import type { ResumeLoopOptions } from "./options.js";

/** The fields of a persisted run that a resume changes before it goes on; empty for most. */
export type ResumeChanges = Partial<Pick<RunState, "context" | "definition" | "definition_hash">>;

type Wishes = Pick<ResumeLoopOptions, "definition" | "onDrift" | "limits" | "context">;

/**
 * What a persisted run goes on with, where that differs from what was persisted.
 *
 * @throws LoopsError `LOOPS_DEFINITION_DRIFT`, `LOOPS_NOT_RESUMABLE`; `LOOPS_STATE_VERSION` for a run of another engine
 */
export function planResume(state: RunState, wishes: Wishes): ResumeChanges {
  const changes = withContext(state, changedDefinition(state, wishes), wishes.context);
  const base = changes.definition ?? (state.definition as LoopDefinition | undefined);
  // A store keeps what anybody gives it: it may be shared with another engine.
  if (base === undefined) throw ofAnother(state);
  const definition = withLimits(base, wishes.limits);
  refuseIfEnded(state, definition);
  const same = definition.max_iterations === base.max_iterations && definition.timeout === base.timeout;
  return same ? changes : { ...changes, definition };
}

function changedDefinition(state: RunState, { definition: given, onDrift = "error" }: Wishes): ResumeChanges {
  if (given === undefined || onDrift === "use-persisted") return {};
  const definition_hash = definitionHash(given);
  if (definition_hash === state.definition_hash) return {};
  if (onDrift === "error") {
    throw drift(state, "has changed since the run was started", 'Choose with onDrift: "use-persisted" or "use-given".');
  }
  requireState(state, given);
  return { definition: given, definition_hash, context: { ...given.context, ...state.context } };
}

/** Values that the run was started with stay, and those given now win over them. */
function withContext(state: RunState, changes: ResumeChanges, given: Wishes["context"]): ResumeChanges {
  if (given === undefined) return changes;
  return { ...changes, context: { ...(changes.context ?? state.context), ...given } };
}

function requireState(state: RunState, given: LoopDefinition): void {
  if (findState(given, state.current_state) !== undefined) return;
  const what = `no longer has the state "${state.current_state}" that the run stands in (it has: ${knownStates(given)})`;
  throw drift(state, what, 'Go on with onDrift: "use-persisted", or start a new run.');
}

function refuseIfEnded(state: RunState, definition: LoopDefinition): void {
  const { status, terminated_by, iteration, accumulated_ms } = state;
  if (status === "completed" || status === "failed") {
    throw notResumable(state, "it has ended. Start a new run.");
  }
  if (terminated_by === "max_iterations" && definition.max_iterations <= iteration) {
    const what = `it used all of its ${definition.max_iterations} iterations. Raise limits.maxIterations to go on.`;
    throw notResumable(state, what);
  }
  if (status === "timed_out" && definition.timeout !== undefined && definition.timeout * 1000 <= accumulated_ms) {
    const what = `it used all of its ${definition.timeout} s. Raise limits.timeoutMs to go on.`;
    throw notResumable(state, what);
  }
}

function notResumable(state: RunState, why: string): LoopsError {
  const { run_id, loop_name, status } = state;
  return new LoopsError("LOOPS_NOT_RESUMABLE", `[engine] run ${run_id} of loop "${loop_name}" is ${status}: ${why}`);
}

function ofAnother({ run_id, loop_name }: RunState): LoopsError {
  const message = `[engine] run ${run_id} of "${loop_name}" has no definition on record: another program wrote it. Go on with it there.`;
  return new LoopsError("LOOPS_STATE_VERSION", message);
}

function drift(state: RunState, what: string, advice: string): LoopsError {
  const { run_id, loop_name } = state;
  return new LoopsError("LOOPS_DEFINITION_DRIFT", `[engine] loop "${loop_name}" ${what} (run ${run_id}). ${advice}`);
}
