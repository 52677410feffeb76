import type { LoopDefinition } from "../definition/types.js";
import { interpolate } from "../interpolate.js";
import { formatElapsed, type InterpolationScope } from "../interpolate-scope.js";
import type { RunState } from "../run-state.js";
import type { Changes } from "./taken.js";
import type { Facts } from "./types.js";

/** What the templates of a state are filled in from. */
export interface Surroundings {
  readonly definition: LoopDefinition;
  readonly state: RunState;
  readonly facts: Facts;
}

/**
 * Fills a template in. Most are plain text: those cost nothing.
 * @throws LoopsError `LOOPS_INTERPOLATION`
 */
export function fill(template: string, around: Surroundings, changes?: Changes): string {
  return template.includes("${") ? interpolate(template, scopeOf(around, changes)) : template;
}

/** The scope of the state that a run is in, with what the step under way has changed; `result` is the latest evaluation. */
export function scopeOf({ definition, state, facts }: Surroundings, changes: Changes = {}): InterpolationScope {
  const elapsedMs = Math.round(facts.elapsedMs);
  return {
    context: state.context,
    captured: state.captured,
    prev: state.prev_result,
    result: changes.last_result ?? state.last_result,
    state: { name: state.current_state, iteration: changes.iteration ?? state.iteration },
    loop: {
      name: definition.name,
      started_at: state.started_at,
      elapsed_ms: elapsedMs,
      elapsed: formatElapsed(elapsedMs),
    },
    env: facts.env,
  };
}
