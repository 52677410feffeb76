import type { LoopEvent } from "@loops/core";
import type { RunError, TerminatedBy } from "./run-state.js";

/** On every event of the engine, so that no sink guesses which run it belongs to. */
export interface RunFields {
  readonly run_id: string;
  readonly loop: string;
  /** 0, and one more for each level of sub-loop. */
  readonly depth: number;
  readonly parent_run_id?: string;
}

type FsmEventOf<Name extends string, Fields> = LoopEvent & { readonly event: Name } & RunFields & Readonly<Fields>;

export type LoopStart = FsmEventOf<"loop_start", object>;
/**
 * `from_handoff` and `continuation_prompt` only after a handoff that said how to go on, until an action has taken that up;
 * `annotations` only where `annotateRun` was asked in an earlier segment.
 */
export type LoopResume = FsmEventOf<
  "loop_resume",
  {
    from_state: string;
    iteration: number;
    from_handoff?: true;
    continuation_prompt?: string;
    annotations?: Readonly<Record<string, string>>;
  }
>;
/** Before the action; never for terminal states. `attempt` only where it is above 1. */
export type StateEnter = FsmEventOf<"state_enter", { state: string; iteration: number; attempt?: number }>;
export type ActionStart = FsmEventOf<"action_start", { action: string; is_prompt: boolean }>;
export type ActionOutput = FsmEventOf<"action_output", { line: string }>;
/** The previews are the last 2000 characters, trimmed; `stderr_preview` only where there is something on it. */
export type ActionComplete = FsmEventOf<
  "action_complete",
  {
    exit_code: number;
    duration_ms: number;
    output_preview: string | null;
    is_prompt: boolean;
    stderr_preview?: string;
  }
>;
/** After a crash: the action was announced, its result is not known, and `policy` says what is done about it. */
export type ActionInDoubt = FsmEventOf<
  "action_in_doubt",
  { state: string; action: string; policy: "rerun" | "fail"; orphan: "none" | "ended" }
>;
/** Its evaluator's details are spread flat; reserved names win. */
export type Evaluate = FsmEventOf<"evaluate", { type: string; verdict: string }>;
/** `reason` only where a loop with `maintain` starts again. */
export type Route = FsmEventOf<"route", { from: string; to: string; reason?: "maintain" }>;
export type RetryExhausted = FsmEventOf<"retry_exhausted", { state: string; retries: number; next: string }>;
/** A way from state to state was taken more often than `max_edge_revisits` allows; `edge` is `from->to`. */
export type CycleDetected = FsmEventOf<
  "cycle_detected",
  { edge: string; from: string; to: string; count: number; max: number }
>;
/** An action said that its context is used up; `continuation` is for whoever goes on. */
export type HandoffDetected = FsmEventOf<
  "handoff_detected",
  { state: string; iteration: number; continuation: string }
>;
/** A successor was made; it begins once this process has given the run up. */
export type HandoffSpawned = FsmEventOf<"handoff_spawned", { pid: number; state: string }>;
export type LoopComplete = FsmEventOf<
  "loop_complete",
  { final_state: string; iterations: number; terminated_by: TerminatedBy; error?: RunError }
>;

/** Everything the engine emits, discriminated by `event`. */
export type FsmEvent =
  | LoopStart
  | LoopResume
  | StateEnter
  | ActionStart
  | ActionOutput
  | ActionComplete
  | ActionInDoubt
  | Evaluate
  | Route
  | RetryExhausted
  | CycleDetected
  | HandoffDetected
  | HandoffSpawned
  | LoopComplete;
