import type { ActionResult, ProcessIdentity } from "../run-state.js";

/** One action to run. */
export interface ActionRequest {
  /** The kind of action, as in `action_type`. */
  readonly type: string;
  readonly command: string;
  /** Arguments, with their templates filled in. @default none */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  readonly cwd: string;
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Aborting ends the action and its whole process group; the result is then `cancelled`. */
  readonly signal: AbortSignal;
  /**
   * Called for each line of standard output, right-stripped, as it comes. If it throws, the action is ended and `start`
   * rejects with that error.
   */
  readonly onLine: (line: string) => void;
}

export type ActionOutcome =
  | { readonly kind: "completed"; readonly result: ActionResult }
  /** Ended by `signal`: it counts as not executed. */
  | { readonly kind: "cancelled" };

/**
 * An action that exists but does nothing yet: its process waits at a gate, so that it can be recorded before it acts.
 * If this process dies before `start`, the action never runs.
 */
export interface PreparedAction {
  /** `null` for an action inside this process. */
  readonly process: ProcessIdentity | null;
  /** Opens the gate. Never rejects for what the action does. Called again, it gives the same outcome. */
  start(): ActionOutcome | Promise<ActionOutcome>;
  /** Ends an action that was never started. Idempotent. */
  abandon(): void;
}

/** How actions are run; injected into the engine. */
export interface ActionRunner {
  /** @throws LoopsError `LOOPS_ACTION_SPAWN` when the process cannot be made */
  prepare(request: ActionRequest): PreparedAction | Promise<PreparedAction>;
  /**
   * Ends what a dead engine left of an action: its whole process group, if it is still that one.
   * Resolves when nothing of it is left: `true` if there was something to end.
   * @throws LoopsError `LOOPS_ORPHAN` when it could not be ended by the deadline
   */
  endOrphan(
    process: ProcessIdentity,
    options: { readonly timeoutMs: number; readonly runId: string },
  ): Promise<boolean>;
}
