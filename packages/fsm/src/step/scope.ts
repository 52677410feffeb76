import type { LoopDefinition } from "../definition/types.js";
import { formatElapsed, type InterpolationScope } from "../interpolate-scope.js";
import type { LastResult, RunState } from "../run-state.js";
import type { Facts } from "./types.js";

/** The scope of the state a run is in; `result` is the latest evaluation unless a newer one is given. */
export function scopeOf(
  definition: LoopDefinition,
  state: RunState,
  facts: Facts,
  result: LastResult | null = state.last_result,
): InterpolationScope {
  const elapsedMs = Math.round(facts.elapsedMs);
  return {
    context: state.context,
    captured: state.captured,
    prev: state.prev_result,
    result,
    state: { name: state.current_state, iteration: state.iteration },
    loop: {
      name: definition.name,
      started_at: state.started_at,
      elapsed_ms: elapsedMs,
      elapsed: formatElapsed(elapsedMs),
    },
    env: facts.env,
  };
}
