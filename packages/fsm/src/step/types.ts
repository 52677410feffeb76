import type { StateDelta } from "@loops/core";
import type { Evaluation, EvaluationRequest } from "../evaluators/evaluation.js";
import type { FsmEvent } from "../events.js";
import type { ActionResult, ChildCaptures, RunError, RunState, TerminatedBy } from "../run-state.js";

/** An event before the engine stamps it with time, identity and the run it belongs to. */
export interface EventDraft {
  readonly event: FsmEvent["event"];
  readonly [field: string]: unknown;
}

/** The world as one step may see it: values, so that a step reads no clock and no environment. */
export interface Facts {
  /** Running time of all segments of the run so far, in milliseconds. */
  readonly elapsedMs: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Somebody asked the run to stop after the current state. */
  readonly stopRequested: boolean;
}

/** What happened since the last step. */
export type StepInput =
  /** A new run: nothing has been committed yet. */
  | { readonly kind: "start" }
  /** A new segment of a run that was left. */
  | {
      readonly kind: "resume";
      /** What was found of an action in doubt. */
      readonly orphan: "none" | "ended";
      /** What becomes of an action in doubt. @default "rerun" */
      readonly policy?: "rerun" | "fail";
      readonly segmentStartedAt: string;
      /** What the new segment goes on with instead of what was persisted. */
      readonly changes: Partial<Pick<RunState, "context" | "definition" | "definition_hash">>;
    }
  /** Go on from the phase that the state is in. */
  | { readonly kind: "advance" }
  /** The action ran to its end. */
  | { readonly kind: "acted"; readonly result: ActionResult }
  /** What was under way was ended by us: an action counts as not executed, an evaluator as not asked. */
  | { readonly kind: "cancelled" }
  /** The evaluator that was asked for has answered. */
  | { readonly kind: "evaluated"; readonly evaluation: Evaluation }
  /** The child loop has ended, or was left in the middle. */
  | { readonly kind: "child_ended"; readonly outcome: ChildOutcome }
  /** The child loop could not begin. */
  | { readonly kind: "child_failed"; readonly error: RunError }
  /** The answer to `spawn`: the successor's process waits at its gate; `null` where none was to be had. */
  | {
      readonly kind: "spawned";
      readonly pid: number | null;
      readonly evaluation: Evaluation | null;
      /** Of the child loop that handed off, where it was one. */
      readonly outcome?: ChildOutcome | undefined;
    }
  /** An effect could not be had: no process, an evaluator that threw. */
  | { readonly kind: "failed"; readonly error: RunError };

/** An action whose intent is in the step's delta. */
export interface PlannedAction {
  readonly state: string;
  readonly iteration: number;
  readonly attempt: number;
  /** Idempotency key: the same for every attempt at this iteration; a state continued after a handoff has a new one. */
  readonly key: string;
  /** `shell`, `prompt`, `mcp_tool`, or one that the program brought along: which runner has it. */
  readonly type: string;
  /** As interpolated. */
  readonly command: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
}

/** A child loop whose intent is in the step's delta, or was in an earlier one. */
export interface PlannedChild {
  readonly state: string;
  /** Name or path, as interpolated. */
  readonly loop: string;
  /** `null`: to be chosen, and put into the delta's `pending_child`. */
  readonly runId: string | null;
  /** The values that it is given from here, under its own. */
  readonly context: Readonly<Record<string, unknown>>;
  /** The values that it is given over its own, with the defaults of its parameters; `null` where none are meant. */
  readonly bindings: Readonly<Record<string, unknown>> | null;
  /** What it may take of its parent's time; `null` without a limit. */
  readonly timeoutMs: number | null;
}

/** How a child loop ended, or where it was left. */
export interface ChildOutcome {
  /** Its name, for messages. */
  readonly loop: string;
  readonly terminatedBy: TerminatedBy;
  readonly captured: ChildCaptures;
  readonly error: RunError | null;
  readonly continuationPrompt: string | null;
}

/** What to do once the step is committed, and with which input to come back. */
export type Next =
  /** Come back with `advance`. */
  | { readonly kind: "advance" }
  /** Come back with `advance` after so long, or as soon as the run is to stop. */
  | { readonly kind: "wait"; readonly ms: number }
  /** Run it; come back with `acted`, `cancelled` or `failed`. */
  | { readonly kind: "act"; readonly action: PlannedAction }
  /** Begin it or go on with it; come back with `child_ended` or `child_failed`. */
  | { readonly kind: "child"; readonly child: PlannedChild }
  /** Ask the evaluator; come back with `evaluated`, `cancelled` or `failed`. */
  | { readonly kind: "evaluate"; readonly request: EvaluationRequest }
  /** Make the process that is to go on with the run; come back with `spawned`, and with this evaluation and outcome. */
  | {
      readonly kind: "spawn";
      readonly continuation: string;
      readonly evaluation: Evaluation | null;
      readonly outcome?: ChildOutcome | undefined;
    }
  /** The run has ended. */
  | { readonly kind: "done" };

/** One step: events and the change of state they stand for are committed together, before `next` is done. */
export interface Step {
  /** Empty where there is nothing to commit. */
  readonly events: readonly EventDraft[];
  readonly delta: StateDelta;
  readonly next: Next;
}
