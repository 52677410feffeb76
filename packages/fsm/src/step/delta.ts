import type { StateDelta } from "@loops/core";
import type { RunState } from "../run-state.js";

type Fields = Readonly<Record<string, unknown>>;

/** The state after a delta; the given one is left as it is. A field that is `undefined` in a delta is not in it. */
export function applyDelta(state: RunState, { set, captured }: StateDelta): RunState {
  const base = (set?.["captured"] ?? state.captured) as RunState["captured"];
  const all = captured === undefined ? base : ({ ...base, ...captured } as RunState["captured"]);
  return (isComplete(state) ? changeComplete(state, set, all) : null) ?? changeAny(state, set, all);
}

/** Runs of other versions may lack fields, and have some that are not known here: those stay. */
function changeAny(state: RunState, set: Fields | undefined, captured: RunState["captured"]): RunState {
  const given = Object.entries(set ?? {}).filter(([, value]) => value !== undefined);
  const next: Fields = { ...state, ...Object.fromEntries(given) };
  return (captured === undefined ? next : { ...next, captured }) as RunState;
}

/** Every field of a state that this version writes. */
const fields: ReadonlySet<string> = new Set(
  (
    "loop_name current_state iteration captured prev_result last_result started_at status accumulated_ms retry_counts " +
    "continuation_prompt edge_revisit_counts run_id phase attempt previous_state pending_action pending_result " +
    "pending_child handoffs evaluator_memory segment_started_at terminated_by error parent_run_id depth context " +
    "definition definition_hash"
  ).split(" "),
);

/** Exactly the fields above: those that may be absent are all there, so none can be one that is not known. */
function isComplete(state: RunState): boolean {
  return (
    state.continuation_prompt !== undefined &&
    state.edge_revisit_counts !== undefined &&
    state.pending_child !== undefined &&
    state.handoffs !== undefined &&
    state.evaluator_memory !== undefined &&
    countFields(state) === fields.size
  );
}

/** Without a list of their names. */
function countFields(state: RunState): number {
  let count = 0;
  for (const _name in state) count += 1;
  return count;
}

/**
 * Three times for each state that is entered, and therefore in the one way that V8 is quick at: a literal, and stores by
 * names that stand in the code. To spread two objects into one takes ten times as long. `null` for a delta with a field
 * that is not known.
 */
function changeComplete(old: RunState, set: Fields = {}, captured: RunState["captured"]): RunState | null {
  const next = copyComplete(old, captured);
  for (const name in set) {
    const value = set[name];
    if (value === undefined) continue;
    switch (name) {
      case "phase":
        next.phase = value;
        break;
      case "accumulated_ms":
        next.accumulated_ms = value;
        break;
      case "pending_result":
        next.pending_result = value;
        break;
      case "pending_action":
        next.pending_action = value;
        break;
      case "iteration":
        next.iteration = value;
        break;
      case "current_state":
        next.current_state = value;
        break;
      case "previous_state":
        next.previous_state = value;
        break;
      case "prev_result":
        next.prev_result = value;
        break;
      case "last_result":
        next.last_result = value;
        break;
      case "captured":
        break;
      default:
        if (!fields.has(name)) return null;
        next[name] = value;
    }
  }
  return next as RunState;
}

function copyComplete(old: RunState, captured: RunState["captured"]): { -readonly [Field in keyof RunState]: unknown } {
  return {
    loop_name: old.loop_name,
    current_state: old.current_state,
    iteration: old.iteration,
    captured,
    prev_result: old.prev_result,
    last_result: old.last_result,
    started_at: old.started_at,
    status: old.status,
    accumulated_ms: old.accumulated_ms,
    retry_counts: old.retry_counts,
    continuation_prompt: old.continuation_prompt,
    edge_revisit_counts: old.edge_revisit_counts,
    run_id: old.run_id,
    phase: old.phase,
    attempt: old.attempt,
    previous_state: old.previous_state,
    pending_action: old.pending_action,
    pending_result: old.pending_result,
    pending_child: old.pending_child,
    handoffs: old.handoffs,
    evaluator_memory: old.evaluator_memory,
    segment_started_at: old.segment_started_at,
    terminated_by: old.terminated_by,
    error: old.error,
    parent_run_id: old.parent_run_id,
    depth: old.depth,
    context: old.context,
    definition: old.definition,
    definition_hash: old.definition_hash,
  };
}
