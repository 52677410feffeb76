import type { PlannedAction } from "../step/types.js";
import { capturedEnvironment, fitsEnvironment, noCaptures } from "./captured-environment.js";
import type { Segment } from "./segment.js";

/** What an action finds in its environment, beside that of this process. */
export function actionEnvironment(segment: Segment, action: PlannedAction): Readonly<Record<string, string>> {
  const { effects } = segment;
  const { run_id, loop_name: loop, captured, continuation_prompt } = segment.lease.state;
  const { state, iteration, attempt, key } = action;
  const own = {
    LOOPS_RUN_ID: run_id,
    LOOPS_LOOP: loop,
    LOOPS_STATE: state,
    LOOPS_ITERATION: String(iteration),
    LOOPS_ATTEMPT: String(attempt),
    LOOPS_IDEMPOTENCY_KEY: key,
  };
  const captures = capturedEnvironment(captured);
  const hasPrompt = typeof continuation_prompt === "string" && fitsEnvironment(continuation_prompt);
  if (effects.actionEnv === undefined && captures === noCaptures && !hasPrompt) return own;
  return {
    ...effects.actionEnv?.({ run_id, loop, state, iteration, attempt, key }),
    ...captures,
    ...(hasPrompt && { LOOPS_CONTINUATION_PROMPT: continuation_prompt }),
    ...own,
  };
}
