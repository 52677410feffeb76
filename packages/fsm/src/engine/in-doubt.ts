import { LoopsError } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { ActionDoubt, ResumeLoopOptions } from "./options.js";

/** What is wished for actions in doubt. */
export type DoubtWishes = Pick<ResumeLoopOptions, "inDoubt" | "onInDoubt">;

/**
 * What becomes of an action that may have run when its process died; `rerun` where there is none.
 *
 * @throws LoopsError `LOOPS_IN_DOUBT` where nobody is there to be asked, `LOOPS_CONFIG` for an answer that is none, and
 * whatever `onInDoubt` throws
 */
export async function settleDoubt(
  state: RunState,
  orphan: "none" | "ended",
  { inDoubt = "rerun", onInDoubt }: DoubtWishes,
): Promise<"rerun" | "fail"> {
  if (state.phase !== "acting" || state.pending_action === null) return "rerun";
  if (inDoubt !== "ask") return inDoubt;
  const doubt = doubtOf(state, state.pending_action, orphan);
  if (onInDoubt === undefined) throw nobodyToAsk(doubt);
  const answer: unknown = await onInDoubt(doubt);
  if (answer === "rerun" || answer === "fail") return answer;
  throw new LoopsError("LOOPS_CONFIG", `[engine] onInDoubt must answer "rerun" or "fail", not ${String(answer)}`);
}

function doubtOf(
  state: RunState,
  { key, command, type = "shell" }: NonNullable<RunState["pending_action"]>,
  orphan: ActionDoubt["orphan"],
): ActionDoubt {
  const { run_id, loop_name: loop, current_state, iteration, attempt } = state;
  return { run_id, loop, state: current_state, iteration, attempt, key, action: command, type, orphan };
}

function nobodyToAsk({ run_id, loop, state, key }: ActionDoubt): LoopsError {
  return new LoopsError(
    "LOOPS_IN_DOUBT",
    `[engine] run ${run_id} of loop "${loop}": the action of state "${state}" (${key}) may have run when its process ` +
      'died, and there is no onInDoubt to ask. Give one, or resume with inDoubt: "rerun" or "fail".',
  );
}
