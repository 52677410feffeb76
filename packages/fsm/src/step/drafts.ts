import type { Evaluation } from "../evaluators/evaluation.js";
import type { ActionResult, RunError, TerminatedBy } from "../run-state.js";
import { outputPreview } from "./output-preview.js";
import { ownDetails } from "./reserved-fields.js";
import type { EventDraft } from "./types.js";

// Every event of the engine with its fields in wire order, in one place.

export const loopStart = (): EventDraft => ({ event: "loop_start" });

export const loopResume = (from_state: string, iteration: number): EventDraft => ({
  event: "loop_resume",
  from_state,
  iteration,
});

export const stateEnter = (state: string, iteration: number, attempt: number): EventDraft =>
  attempt > 1 ? { event: "state_enter", state, iteration, attempt } : { event: "state_enter", state, iteration };

export const actionStart = (action: string): EventDraft => ({ event: "action_start", action, is_prompt: false });

export const actionOutput = (line: string): EventDraft => ({ event: "action_output", line });

export function actionComplete({ exit_code, duration_ms, output, stderr }: ActionResult): EventDraft {
  const stderr_preview = outputPreview(stderr);
  return {
    event: "action_complete",
    exit_code,
    duration_ms,
    output_preview: outputPreview(output),
    is_prompt: false,
    // Standard error is in no other event: without it nobody would see why a command failed.
    ...(stderr_preview && { stderr_preview }),
  };
}

export const actionInDoubt = (state: string, action: string, orphan: "none" | "ended"): EventDraft => ({
  event: "action_in_doubt",
  state,
  action,
  policy: "rerun",
  orphan,
});

export const evaluate = (evaluation: Evaluation): EventDraft => ({
  event: "evaluate",
  type: evaluation.type,
  verdict: evaluation.verdict,
  ...ownDetails(evaluation.details),
});

export const route = (from: string, to: string): EventDraft => ({ event: "route", from, to });

export const retryExhausted = (state: string, retries: number, next: string): EventDraft => ({
  event: "retry_exhausted",
  state,
  retries,
  next,
});

export const loopComplete = (
  final_state: string,
  iterations: number,
  terminated_by: TerminatedBy,
  error: RunError | null,
): EventDraft =>
  error === null
    ? { event: "loop_complete", final_state, iterations, terminated_by }
    : { event: "loop_complete", final_state, iterations, terminated_by, error };
