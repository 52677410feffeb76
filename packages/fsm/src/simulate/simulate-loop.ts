import type { ActionRunner } from "../actions/runner.js";
import { actionKind } from "../definition/action-kind.js";
import type { LoopDefinition } from "../definition/types.js";
import { checkDefinition, checkOptions } from "../engine/check-options.js";
import type { Clock } from "../engine/clock.js";
import { type Effects, effectsOf } from "../engine/effects.js";
import { initialState } from "../engine/initial-state.js";
import { checkLimits } from "../engine/limits.js";
import type { EngineOptions, RunResult } from "../engine/options.js";
import { carryOut } from "../engine/releasing.js";
import { runSegment } from "../engine/run-segment.js";
import { Segment } from "../engine/segment.js";
import type { FsmEvent } from "../events.js";
import { memoryStore } from "../store/memory-store.js";
import { answering, type ScenarioFunction, type ScenarioName } from "./scenario.js";
import { simulatedEffects } from "./simulated-effects.js";

export interface SimulateLoopOptions
  extends Pick<
    EngineOptions,
    "bus" | "context" | "cwd" | "env" | "loopsDir" | "maxDepth" | "onWarning" | "resolveLoop" | "signal"
  > {
  readonly definition: LoopDefinition;
  /** How actions end. @default "all-pass" */
  readonly scenario?: ScenarioName | ScenarioFunction | undefined;
  /** Of each loop, at most its own limit. @default 20 */
  readonly maxIterations?: number | undefined;
}

export interface SimulationResult extends RunResult {
  /** All of them, of child loops too. */
  readonly events: readonly FsmEvent[];
}

/**
 * Goes through a loop by its rules without doing anything: no process, no file, no network, no waiting. Actions say
 * `[simulated output for: <action>]` and end as the scenario has it, after 0 ms. Evaluators that look at values (exit
 * code, numbers, JSON, patterns, convergence) look at that; the others are answered by the scenario, in their own words:
 * `yes`, `no`, `error`, or those of a tool. What is left is what is read of files: the loops that states name.
 *
 * Time stands still: `backoff` is passed over and no `timeout` is reached. An output never is a signal.
 *
 * @throws LoopsError `LOOPS_CONFIG` for a scenario that is none; whatever a scenario throws
 */
export async function simulateLoop(options: SimulateLoopOptions): Promise<SimulationResult> {
  checkOptions("simulateLoop", options);
  checkDefinition(options.definition);
  const { bus, definition, scenario = "all-pass", maxIterations = 20, context } = options;
  checkLimits({ maxIterations });
  const simulated = simulatedEffects(answering(scenario));
  const events: FsmEvent[] = [];
  const effects = simulatedWorld(options, maxIterations, simulated, (event) => {
    events.push(event);
    bus?.emit(event);
  });
  const run = { runId: effects.newRunId(), startedAt: effects.clock.isoNow() };
  const lease = await effects.store.create(initialState(harmless(definition, maxIterations), run, context));
  const result = await carryOut(new Segment(lease, effects), (segment) => runSegment(segment, { kind: "start" }));
  const failure = simulated.failure();
  if (failure !== null) throw failure.error;
  return { ...result, events };
}

function simulatedWorld(
  options: SimulateLoopOptions,
  maxIterations: number,
  { runner, answer }: ReturnType<typeof simulatedEffects>,
  emit: (event: FsmEvent) => void,
): Effects {
  const { cwd, env, loopsDir, maxDepth, onWarning, resolveLoop, signal } = options;
  const runners: Record<string, ActionRunner> = {};
  const know = ({ states }: LoopDefinition) => {
    for (const state of Object.values(states)) runners[actionKind(state)] = runner;
  };
  know(options.definition);
  const given = { cwd, env, loopsDir, maxDepth, onWarning, resolveLoop, signal };
  const effects = effectsOf({ ...given, store: memoryStore(), bus: { emit }, runner, runners, clock: stillClock() });
  return {
    ...effects,
    evaluators: { ...effects.evaluators, answer },
    resolveLoop: async (name, asked) => {
      const child = await effects.resolveLoop(name, asked);
      checkDefinition(child);
      know(child);
      return harmless(child, maxIterations);
    },
  };
}

/** Without what would wait, and bounded. */
function harmless({ backoff: _waits, ...definition }: LoopDefinition, maxIterations: number): LoopDefinition {
  return { ...definition, max_iterations: Math.min(definition.max_iterations, maxIterations) };
}

/** Wall time goes on, so that events are dated; nothing takes any. */
function stillClock(): Clock {
  return { isoNow: () => new Date().toISOString(), monotonicMs: () => 0, sleep: () => Promise.resolve() };
}
