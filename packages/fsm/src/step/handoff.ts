import type { Evaluation } from "../evaluators/evaluation.js";
import { handoffDetected, handoffSpawned } from "./drafts.js";
import { endAfter } from "./ending.js";
import type { Surroundings } from "./scope.js";
import type { Leaving, Taken } from "./taken.js";

/**
 * The context of the action is used up: the run ends here, and going on enters the same state anew, under the same
 * iteration. To pause, to terminate and to spawn leave the run the same; a successor is made before the end is
 * committed, so that both are recorded together.
 */
export function handOff(
  around: Surroundings,
  before: Leaving,
  continuation: string,
  evaluation: Evaluation | null,
  spawned?: { readonly pid: number | null },
): Taken {
  const { state } = around;
  if (mustSpawn(around) && spawned === undefined) {
    return { events: [], changes: {}, next: { kind: "spawn", continuation, evaluation } };
  }
  const { current_state: name, iteration } = state;
  const { events, changes } = before;
  events.push(handoffDetected(name, iteration, continuation));
  if (spawned !== undefined && spawned.pid !== null) events.push(handoffSpawned(spawned.pid, name));
  changes.continuation_prompt = continuation;
  changes.handoffs = (state.handoffs ?? 0) + 1;
  changes.attempt = state.attempt + 1;
  return endAfter(state, before, "handoff");
}

/** Whether a successor is to be made here. Of a child loop it would go on with that alone: its parent makes one. */
export function mustSpawn({ definition, state }: Surroundings): boolean {
  return definition.on_handoff === "spawn" && state.parent_run_id === null;
}
