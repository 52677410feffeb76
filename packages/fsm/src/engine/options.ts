import type { StateStore } from "@loops/core";
import type { ActionRunner } from "../actions/runner.js";
import type { LoopDefinition } from "../definition/types.js";
import type { AskModel, CustomEvaluator, EvaluatorEffects } from "../evaluators/evaluation.js";
import type { Captured, RunError, RunState, RunStatus, TerminatedBy } from "../run-state.js";
import type { ResolveLoop } from "./child-definition.js";
import type { Clock } from "./clock.js";
import type { EventSink } from "./event-sink.js";

/** The action about to run, for {@link EngineOptions.actionEnv}. */
export interface ActionContext {
  readonly run_id: string;
  readonly loop: string;
  readonly state: string;
  readonly iteration: number;
  readonly attempt: number;
  /** Idempotency key: the same for every attempt at this iteration. */
  readonly key: string;
}

/** A segment of a run that has begun, for {@link EngineOptions.annotateRun}. */
export interface BegunRun {
  readonly run_id: string;
  readonly loop: string;
  /** Of a child loop, the run that it is part of. */
  readonly parent_run_id: string | null;
}

/** Limits of a run that take the place of the definition's. `Infinity` is none. */
export interface RunLimits {
  /** State entries over the whole run, at least 1. */
  readonly maxIterations?: number | undefined;
  /** Running time over all segments, above 0. */
  readonly timeoutMs?: number | undefined;
}

/** What starting and resuming have in common. */
export interface EngineOptions {
  /** Where the run is kept. @default files in `.loops` of the working directory */
  readonly store?: StateStore<RunState> | undefined;
  /** Is told every event, after it was committed. It cannot harm the loop. @default nobody */
  readonly bus?: EventSink | undefined;
  /** Runs `shell` actions. @default `bash -c`, each action in its own process group */
  readonly runner?: ActionRunner | undefined;
  /**
   * Runners of other kinds of action, by `action_type`; one for `prompt` has `slash_command` too, unless that has its own.
   * An action without a runner ends with exit code 127. @default none
   */
  readonly runners?: Readonly<Record<string, ActionRunner>> | undefined;
  /** How `llm_structured` asks a model. @default not at all: its verdict is then `error` */
  readonly askModel?: AskModel | undefined;
  /** Evaluators beside the built-in ones, by `type`. @default none */
  readonly evaluators?: Readonly<Record<string, CustomEvaluator>> | undefined;
  /** What `diff_stall` compares. @default `git diff --stat` in `cwd` */
  readonly diffStat?: EvaluatorEffects["diffStat"] | undefined;
  /**
   * Shell command of the process that goes on with a run after a handoff, where the loop says `on_handoff: spawn`: a
   * template like an action, with `LOOPS_RUN_ID` and `LOOPS_CONTINUATION_PROMPT` in its environment. It starts once this
   * process has given the run up, and is on its own from there. @default none: a handoff is a pause
   */
  readonly handoffCommand?: string | undefined;
  /**
   * Where states with `loop` find the loop that they name; `from` is the loop that asks. What it throws is an error of the
   * state. @default files: the name as a path, else `<loopsDir>/<name>.fsm.yaml`, `.yaml` or `.yml`
   */
  readonly resolveLoop?: ResolveLoop | undefined;
  /** Directory of loops that are given by name. @default ".loops" in `cwd` */
  readonly loopsDir?: string | undefined;
  /** How deep loops may be nested in loops. @default 16 */
  readonly maxDepth?: number | undefined;
  /** Ids of this run, if it is new, and of the child runs that it begins: never the same twice. @default ULIDs */
  readonly newRunId?: (() => string) | undefined;
  /** Values for `${context.…}`, over those of the loop file; kept with the run. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly limits?: RunLimits | undefined;
  /** Working directory of the actions. @default that of this process */
  readonly cwd?: string | undefined;
  /** What `${env.…}` sees. @default the environment of this process */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Environment of an action, under the `LOOPS_*` variables. */
  readonly actionEnv?: ((action: ActionContext) => Readonly<Record<string, string>>) | undefined;
  /**
   * Asked once for each segment of a run, child runs too, when its first event has been emitted. What it returns is kept
   * with the run from its next commit on, and the `loop_resume` event of the next segment has it as `annotations`: for a
   * tracer, the trace that this segment is in. Throwing, or returning what is not text by name or over 4096 characters,
   * is a warning. @default nothing is kept
   */
  readonly annotateRun?: ((run: BegunRun) => Readonly<Record<string, string>> | undefined) | undefined;
  readonly clock?: Clock | undefined;
  /** Aborting it ends the run after the current state, resumable. */
  readonly signal?: AbortSignal | undefined;
  /** Aborting it ends the running action too; it counts as not executed, and the run is resumable. */
  readonly forceSignal?: AbortSignal | undefined;
  /** How long the end of a run waits for the bus. What is not delivered by then is emitted again on resume. @default 5000 */
  readonly flushTimeoutMs?: number | undefined;
  /** How long to wait for the end of what a dead engine left running. @default 10000 */
  readonly orphanTimeoutMs?: number | undefined;
  /** Is told what went wrong beside the loop and did not stop it; what it throws becomes a process warning. @default a process warning */
  readonly onWarning?: ((warning: Error) => void) | undefined;
}

export interface RunLoopOptions extends EngineOptions {
  readonly definition: LoopDefinition;
  /** Archives what is left of the loop's previous run, if its owner is dead. @default true */
  readonly clearPrevious?: boolean | undefined;
}

export interface ResumeLoopOptions extends EngineOptions {
  /** Name of the loop, for its latest run, or the id of a run. */
  readonly run: string;
  /** The loop as it is now, to be compared with the one the run was started with. @default the persisted one */
  readonly definition?: LoopDefinition | undefined;
  /** What to do if the two differ: refuse, go on with the old one, or go on with the new one. @default "error" */
  readonly onDrift?: "error" | "use-persisted" | "use-given" | undefined;
  /**
   * What to do with an action that may have run when the process died: run it again, end the run as failed, or ask
   * `onInDoubt`. @default "rerun"
   */
  readonly inDoubt?: "rerun" | "fail" | "ask" | undefined;
  /** Asked before anything is recorded; while it does not answer, and if it throws, the run stays as it was. */
  readonly onInDoubt?: ((doubt: ActionDoubt) => "rerun" | "fail" | Promise<"rerun" | "fail">) | undefined;
}

/** An action that was announced before the process died, and whose result nobody knows: it may have run or not. */
export interface ActionDoubt {
  readonly run_id: string;
  readonly loop: string;
  readonly state: string;
  readonly iteration: number;
  /** Of the action in doubt. */
  readonly attempt: number;
  /** Its idempotency key. */
  readonly key: string;
  /** As interpolated. */
  readonly action: string;
  /** The kind of action, as in `action_type`. */
  readonly type: string;
  /** Whether something of it was still running, and was ended. */
  readonly orphan: "none" | "ended";
}

/** How a run, or a segment of it, ended. */
export interface RunResult {
  readonly run_id: string;
  readonly loop: string;
  readonly status: RunStatus;
  readonly final_state: string;
  readonly iterations: number;
  readonly terminated_by: TerminatedBy;
  /** Running time of all segments. */
  readonly duration_ms: number;
  readonly captured: Readonly<Record<string, Captured>>;
  /** Only where `terminated_by` is `error`. */
  readonly error?: RunError;
  /** Only where `terminated_by` is `handoff`: the run waits for somebody to go on with it. */
  readonly handoff?: true;
  /** What that somebody is to be told. */
  readonly continuation_prompt?: string;
}
