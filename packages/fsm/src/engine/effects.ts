import { LoopsError, type StateStore } from "@loops/core";
import { ulid } from "ulid";
import type { ActionRunner } from "../actions/runner.js";
import { shellRunner } from "../actions/shell-runner.js";
import type { EvaluatorEffects } from "../evaluators/evaluation.js";
import { gitDiffStat } from "../evaluators/git-diff-stat.js";
import { guardedWarn } from "../guarded-warn.js";
import type { RunState } from "../run-state.js";
import { fileStore } from "../store/file-store.js";
import type { StoreWarning } from "../store/store-context.js";
import { loopFiles, type ResolveLoop } from "./child-definition.js";
import { type Clock, systemClock } from "./clock.js";
import type { EventSink } from "./event-sink.js";
import { FlushPatience } from "./flush-mark.js";
import { checkLimits } from "./limits.js";
import type { ActionContext, BegunRun, EngineOptions } from "./options.js";

/** Everything the engine does to the world, with the defaults filled in. */
export interface Effects {
  readonly store: StateStore<RunState>;
  readonly bus: EventSink | undefined;
  /** Of shell actions. */
  readonly runner: ActionRunner;
  /** Of the others, by type. */
  readonly runners: Readonly<Record<string, ActionRunner>>;
  readonly evaluators: Omit<EvaluatorEffects, "signal">;
  readonly resolveLoop: ResolveLoop;
  readonly maxDepth: number;
  readonly newRunId: () => string;
  readonly handoffCommand: string | undefined;
  readonly clock: Clock;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly actionEnv: ((action: ActionContext) => Readonly<Record<string, string>>) | undefined;
  readonly annotateRun: ((run: BegunRun) => Readonly<Record<string, string>> | undefined) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly forceSignal: AbortSignal | undefined;
  readonly flushTimeoutMs: number;
  readonly patience: FlushPatience;
  readonly orphanTimeoutMs: number;
  readonly warn: (warning: Error) => void;
}

/** @throws LoopsError `LOOPS_CONFIG` */
export function effectsOf(options: EngineOptions): Effects {
  checkLimits(options.limits);
  const warn = guardedWarn(options.onWarning ?? ((warning) => process.emitWarning(warning)));
  const { clock = systemClock, cwd = process.cwd() } = options;
  return {
    store: options.store ?? fileStore({ dir: ".loops", onWarning: (warning) => warn(storeWarning(warning)) }),
    bus: options.bus,
    runner: options.runner ?? shellRunner(),
    runners: options.runners ?? {},
    evaluators: {
      askModel: options.askModel,
      diffStat: options.diffStat ?? gitDiffStat({ cwd }),
      custom: options.evaluators ?? {},
      monotonicMs: () => clock.monotonicMs(),
    },
    resolveLoop: options.resolveLoop ?? loopFiles({ cwd, ...loopFilesOf(options) }),
    maxDepth: options.maxDepth ?? 16,
    newRunId: options.newRunId ?? ulid,
    handoffCommand: options.handoffCommand,
    clock,
    cwd,
    env: options.env ?? process.env,
    actionEnv: options.actionEnv,
    annotateRun: options.annotateRun,
    signal: options.signal,
    forceSignal: options.forceSignal,
    flushTimeoutMs: options.flushTimeoutMs ?? 5000,
    patience: new FlushPatience(),
    orphanTimeoutMs: options.orphanTimeoutMs ?? 10_000,
    warn,
  };
}

/** A child may use what the program brings along, as its parent may. */
function loopFilesOf({ loopsDir = ".loops", evaluators = {}, runners = {} }: EngineOptions) {
  return { loopsDir, evaluators: Object.keys(evaluators), actionTypes: Object.keys(runners) };
}

/** Of the store that is made here: one that is injected tells whom it was given. */
function storeWarning(warning: StoreWarning): LoopsError {
  const cause = "error" in warning ? warning.error : undefined;
  return new LoopsError("LOOPS_STORE_WARNING", `[file-store] ${warning.message}`, { cause });
}
