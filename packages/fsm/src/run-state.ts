import type { StoredRun } from "@loops/core";
import type { ProcessIdentity } from "@loops/core/process";
import type { LoopDefinition } from "./definition/types.js";

export type { ProcessIdentity };

/** How a run stands. `completed`, `failed`, `timed_out` have ended; `interrupted` and `awaiting_continuation` can go on. */
export type RunStatus = "running" | "completed" | "failed" | "interrupted" | "awaiting_continuation" | "timed_out";

/** Why a run ended. */
export type TerminatedBy =
  | "terminal"
  | "error"
  | "max_iterations"
  | "timeout"
  | "signal"
  | "handoff"
  | "cycle_detected";

/** What an action left behind. */
export interface ActionResult {
  /** Standard output, whole up to the runner's bound. */
  readonly output: string;
  readonly stderr: string;
  /** 124 after a timeout; negative: ended by that signal. */
  readonly exit_code: number;
  readonly duration_ms: number;
}

/** An action that was announced and whose result is not recorded. */
export interface PendingAction {
  /** Idempotency key: the same on a rerun of the same attempt's action. */
  readonly key: string;
  /** As interpolated. */
  readonly command: string;
  /** Which runner has it; absent in runs of earlier versions: `shell`. */
  readonly type?: string;
  /** `null` for an action inside this process. */
  readonly process: ProcessIdentity | null;
}

/** A child loop that a state began and whose outcome is not recorded: its own record in the store has the rest. */
export interface PendingChild {
  readonly run_id: string;
  /** As interpolated. */
  readonly loop: string;
  /** Running time of the parent when it began, in milliseconds: with the child's own, what the two have taken so far. */
  readonly begun_ms: number;
  /** What its context is given `with`, as interpolated. */
  readonly with?: Readonly<Record<string, unknown>>;
}

/** What `${captured.…}` sees under one key. */
export type Captured = ActionResult | ChildCaptures;

/** What a child loop captured. */
export interface ChildCaptures {
  readonly [key: string]: Captured;
}

export interface PrevResult {
  readonly output: string;
  readonly exit_code: number;
  readonly state: string;
}

export interface LastResult {
  readonly verdict: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface RunError {
  /** A `LOOPS_*` code. */
  readonly type: string;
  readonly message: string;
  readonly state: string | null;
}

/**
 * Where a run stands between two commits:
 *
 * - `ready`: about to enter `current_state`
 * - `acting`: intent committed, the action may have run
 * - `acted`: result committed, evaluation and route to come
 * - `ended`
 */
export type RunPhase = "ready" | "acting" | "acted" | "ended";

/**
 * The whole persisted state of a run. The first block keeps the names of the original state file; what follows was
 * added. Plain data: JSON and back changes nothing.
 */
export interface RunState extends StoredRun {
  readonly loop_name: string;
  readonly current_state: string;
  /** State entries so far. */
  readonly iteration: number;
  /** By the state's `capture`; of a child loop, its own captures by its state's name. */
  readonly captured: Readonly<Record<string, Captured>>;
  readonly prev_result: PrevResult | null;
  readonly last_result: LastResult | null;
  readonly started_at: string;
  readonly status: RunStatus;
  /** Running time of all segments, pauses not counted. */
  readonly accumulated_ms: number;
  readonly retry_counts: Readonly<Record<string, number>>;
  /** From a handoff until the next result of an action is recorded: what whoever goes on is to be told. */
  readonly continuation_prompt?: string | null;
  /** How often each way `from->to` was taken; only with `max_edge_revisits`. */
  readonly edge_revisit_counts?: Readonly<Record<string, number>>;

  readonly run_id: string;
  readonly phase: RunPhase;
  /** 1, and one more each time the current state is entered anew: after a crash, a cancelled action, a handoff. */
  readonly attempt: number;
  /** The state entered before `current_state`, for counting retries. */
  readonly previous_state: string | null;
  readonly pending_action: PendingAction | null;
  readonly pending_result: ActionResult | null;
  /** Absent in runs of earlier versions, as the next one is. */
  readonly pending_child?: PendingChild | null;
  /** Of a child loop that ended by `signal`: its own action said so, and nobody asked for it. */
  readonly stopped_itself?: boolean;
  /** How often the current state was left by a handoff, to be entered anew with the next segment. */
  readonly handoffs?: number;
  /** What evaluators remember, by state. */
  readonly evaluator_memory?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly segment_started_at: string;
  readonly terminated_by: TerminatedBy | null;
  readonly error: RunError | null;
  readonly parent_run_id: string | null;
  readonly depth: number;
  /** What `annotateRun` said of the segments so far; absent where nothing was said. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Effective context: of the definition, and what the caller gave over it. */
  readonly context: Readonly<Record<string, unknown>>;
  /** Absolute paths that no other run may work on meanwhile; absent where the loop names none. */
  readonly scope?: readonly string[];
  readonly definition: LoopDefinition;
  readonly definition_hash: string;
}
