import type { StateDefinition } from "../definition/types.js";
import { interpolateDeep } from "../interpolate.js";
import { actionKind } from "./action-kind.js";
import { fill, type Surroundings, scopeOf } from "./scope.js";
import type { PlannedAction } from "./types.js";

const defaultTimeoutS = 3600;
/** A tool answers at once or not at all. */
const toolTimeoutS = 30;

/** A state's action with its templates filled in. @throws LoopsError `LOOPS_INTERPOLATION` */
export function planAction(
  config: StateDefinition & { readonly action: string },
  surroundings: Surroundings,
  iteration: number,
): PlannedAction {
  const { definition, state } = surroundings;
  const type = actionKind(config);
  const fallbackS = type === "mcp_tool" ? toolTimeoutS : defaultTimeoutS;
  const planned = {
    state: state.current_state,
    iteration,
    attempt: state.attempt,
    key: keyOf(state.run_id, iteration, state.handoffs ?? 0),
    type,
    command: fill(config.action, surroundings),
    // 0 counts as not set, as it always has in loop files.
    timeoutMs: (config.timeout || definition.default_timeout || fallbackS) * 1000,
  };
  if (config.params === undefined) return planned;
  const params = interpolateDeep(config.params, scopeOf(surroundings)) as Readonly<Record<string, unknown>>;
  return { ...planned, params };
}

/** What was continued after a handoff is another action: the one before it has its result on record. */
function keyOf(runId: string, iteration: number, handoffs: number): string {
  return handoffs === 0 ? `${runId}:${iteration}` : `${runId}:${iteration}.${handoffs}`;
}
