import { actionKind } from "../definition/action-kind.js";
import type { StateDefinition } from "../definition/types.js";
import { interpolateDeep } from "../interpolate.js";
import { fill, type Surroundings, scopeOf } from "./scope.js";
import type { PlannedAction } from "./types.js";

const defaultTimeoutS = 3600;
/** A tool answers at once or not at all. */
const toolTimeoutS = 30;

/** The action of a state, with its templates filled in. @throws LoopsError `LOOPS_INTERPOLATION` */
export function planAction(
  action: string,
  config: StateDefinition,
  around: Surroundings,
  iteration: number,
): PlannedAction {
  const { definition, state } = around;
  const { current_state, run_id, attempt, handoffs = 0 } = state;
  const entered = { iteration };
  const type = actionKind(config);
  const fallbackS = type === "mcp_tool" ? toolTimeoutS : defaultTimeoutS;
  const command = fill(action, around, entered);
  // 0 counts as not set, as it always has in loop files.
  const timeoutMs = (config.timeout || definition.default_timeout || fallbackS) * 1000;
  const key = keyOf(run_id, iteration, handoffs);
  if (config.params === undefined) return { state: current_state, iteration, attempt, key, type, command, timeoutMs };
  const params = interpolateDeep(config.params, scopeOf(around, entered)) as Readonly<Record<string, unknown>>;
  return { state: current_state, iteration, attempt, key, type, command, params, timeoutMs };
}

/** What was continued after a handoff is another action: the one before it has its result on record. */
function keyOf(runId: string, iteration: number, handoffs: number): string {
  return handoffs === 0 ? `${runId}:${iteration}` : `${runId}:${iteration}.${handoffs}`;
}
