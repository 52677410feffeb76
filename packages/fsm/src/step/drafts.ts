import type { Evaluation } from "../evaluators/evaluation.js";
import type { ActionResult, RunError, TerminatedBy } from "../run-state.js";
import { outputPreview } from "./output-preview.js";
import { ownDetails } from "./reserved-fields.js";
import type { EventDraft } from "./types.js";

// Every event of the engine with its fields in wire order, in one place.

// Places for what the engine stamps: filled in, and not copied behind the stamps, which makes every event twice.
const ts = undefined;
const id = undefined;
const run_id = undefined;
const loop = undefined;
const depth = undefined;

export const loopStart = (): EventDraft => ({ event: "loop_start", ts, id, run_id, loop, depth });

/** `prompt`: of a handoff that no action has taken up yet. */
export const loopResume = (
  from_state: string,
  iteration: number,
  prompt: string | null,
  annotations?: Readonly<Record<string, string>>,
): EventDraft => ({
  event: "loop_resume",
  ts,
  id,
  run_id,
  loop,
  depth,
  from_state,
  iteration,
  ...(prompt && { from_handoff: true, continuation_prompt: prompt }),
  ...(annotations && { annotations }),
});

export const stateEnter = (state: string, iteration: number, attempt: number): EventDraft =>
  attempt > 1
    ? { event: "state_enter", ts, id, run_id, loop, depth, state, iteration, attempt }
    : { event: "state_enter", ts, id, run_id, loop, depth, state, iteration };

export const actionStart = (action: string, is_prompt: boolean): EventDraft => ({
  event: "action_start",
  ts,
  id,
  run_id,
  loop,
  depth,
  action,
  is_prompt,
});

export const actionOutput = (line: string): EventDraft => ({
  event: "action_output",
  ts,
  id,
  run_id,
  loop,
  depth,
  line,
});

export function actionComplete(
  { exit_code, duration_ms, output, stderr }: ActionResult,
  is_prompt: boolean,
): EventDraft {
  const output_preview = outputPreview(output);
  const stderr_preview = outputPreview(stderr);
  // Standard error is in no other event: without it nobody would see why a command failed.
  return stderr_preview
    ? {
        event: "action_complete",
        ts,
        id,
        run_id,
        loop,
        depth,
        exit_code,
        duration_ms,
        output_preview,
        is_prompt,
        stderr_preview,
      }
    : { event: "action_complete", ts, id, run_id, loop, depth, exit_code, duration_ms, output_preview, is_prompt };
}

export const actionInDoubt = (
  state: string,
  action: string,
  policy: "rerun" | "fail",
  orphan: "none" | "ended",
): EventDraft => ({ event: "action_in_doubt", ts, id, run_id, loop, depth, state, action, policy, orphan });

export const evaluate = (evaluation: Evaluation): EventDraft => ({
  event: "evaluate",
  ts,
  id,
  run_id,
  loop,
  depth,
  type: evaluation.type,
  verdict: evaluation.verdict,
  ...ownDetails(evaluation.details),
});

export const route = (from: string, to: string): EventDraft => ({
  event: "route",
  ts,
  id,
  run_id,
  loop,
  depth,
  from,
  to,
});

export const maintainRoute = (from: string, to: string): EventDraft => ({
  event: "route",
  ts,
  id,
  run_id,
  loop,
  depth,
  from,
  to,
  reason: "maintain",
});

export const retryExhausted = (state: string, retries: number, next: string): EventDraft => ({
  event: "retry_exhausted",
  ts,
  id,
  run_id,
  loop,
  depth,
  state,
  retries,
  next,
});

export const cycleDetected = (edge: string, from: string, to: string, count: number, max: number): EventDraft => ({
  event: "cycle_detected",
  ts,
  id,
  run_id,
  loop,
  depth,
  edge,
  from,
  to,
  count,
  max,
});

export const handoffDetected = (state: string, iteration: number, continuation: string): EventDraft => ({
  event: "handoff_detected",
  ts,
  id,
  run_id,
  loop,
  depth,
  state,
  iteration,
  continuation,
});

export const handoffSpawned = (pid: number, state: string): EventDraft => ({
  event: "handoff_spawned",
  ts,
  id,
  run_id,
  loop,
  depth,
  pid,
  state,
});

export const loopComplete = (
  final_state: string,
  iterations: number,
  terminated_by: TerminatedBy,
  error: RunError | null,
): EventDraft =>
  error === null
    ? { event: "loop_complete", ts, id, run_id, loop, depth, final_state, iterations, terminated_by }
    : { event: "loop_complete", ts, id, run_id, loop, depth, final_state, iterations, terminated_by, error };
