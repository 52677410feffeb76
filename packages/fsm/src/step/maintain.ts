import type { StateDefinition } from "../definition/types.js";
import { maintainRoute } from "./drafts.js";
import { end } from "./ending.js";
import { findState } from "./lookup.js";
import { countRetry } from "./retries.js";
import type { Surroundings } from "./scope.js";
import type { Taken } from "./taken.js";
import { settleTarget } from "./target.js";

/**
 * From a terminal state of a loop with `maintain` back to where it begins. No iteration, because nothing was entered,
 * and no backoff.
 */
export function startAgain(around: Surroundings, config: StateDefinition): Taken {
  const { definition, state } = around;
  const from = state.current_state;
  const field = config.on_maintain === undefined ? "initial" : "on_maintain";
  const target = settleTarget(around, config.on_maintain ?? definition.initial, field);
  if (target.kind !== "state") return end(state, "error", target.error);
  // From there it would come straight back, for ever.
  if (findState(definition, target.state)?.terminal === true) {
    return end(state, "error", {
      type: "LOOPS_NO_TRANSITION",
      message: `State "${from}": ${field} leads to "${target.state}", which is terminal too, so that maintain has nothing to do. Name a state that is not.`,
      state: from,
    });
  }
  return {
    events: [maintainRoute(from, target.state)],
    changes: {
      current_state: target.state,
      previous_state: from,
      retry_counts: countRetry(state),
      attempt: 1,
    },
    next: { kind: "advance" },
  };
}
