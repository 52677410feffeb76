import { definitionHash } from "../definition/hash.js";
import type { LoopDefinition } from "../definition/types.js";
import type { RunState } from "../run-state.js";
import { withLimits } from "./limits.js";
import type { RunLimits } from "./options.js";

/** The state of a run before its first commit. */
export function initialState(
  definition: LoopDefinition,
  run: { readonly runId: string; readonly startedAt: string },
  context: Readonly<Record<string, unknown>> = {},
  limits: RunLimits = {},
): RunState {
  return {
    loop_name: definition.name,
    current_state: definition.initial,
    iteration: 0,
    captured: {},
    prev_result: null,
    last_result: null,
    started_at: run.startedAt,
    status: "running",
    accumulated_ms: 0,
    retry_counts: {},
    continuation_prompt: null,
    edge_revisit_counts: {},
    run_id: run.runId,
    phase: "ready",
    attempt: 1,
    previous_state: null,
    pending_action: null,
    pending_result: null,
    pending_child: null,
    handoffs: 0,
    evaluator_memory: {},
    segment_started_at: run.startedAt,
    terminated_by: null,
    error: null,
    parent_run_id: null,
    depth: 0,
    context: { ...definition.context, ...context },
    definition: withLimits(definition, limits),
    // Of the loop as written: limits given for one run are no drift.
    definition_hash: definitionHash(definition),
  };
}
