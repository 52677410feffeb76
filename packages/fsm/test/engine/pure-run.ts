import type { LoopDefinition } from "../../src/definition/types.js";
import { initialState } from "../../src/engine/initial-state.js";
import { evaluate } from "../../src/evaluators/evaluate.js";
import type { Evaluation, EvaluationRequest } from "../../src/evaluators/evaluation.js";
import type { ActionResult, RunState } from "../../src/run-state.js";
import { applyDelta } from "../../src/step/delta.js";
import { step } from "../../src/step/step.js";
import type { EventDraft, Facts, PlannedAction, Step, StepInput } from "../../src/step/types.js";
import { loopOf } from "./machines.js";
import { successorPid } from "./oracle.js";

export const calm: Facts = { elapsedMs: 0, env: {}, stopRequested: false };

export function newRun(loop: LoopDefinition): RunState {
  return initialState(loop, { runId: "run", startedAt: "2026-01-01T00:00:00.000Z" });
}

/** One step of a run, in calm weather unless `facts` say otherwise. */
export function take(state: RunState, input: StepInput, facts: Partial<Facts> = {}): Step {
  return step(state.definition, state, input, { ...calm, ...facts });
}

/** A run that has come as far as the result of its first action. */
export function acted(states: Parameters<typeof loopOf>[0], result = resultWith(0)): RunState {
  let state = newRun(loopOf(states));
  state = applyDelta(state, take(state, { kind: "advance" }).delta);
  return applyDelta(state, take(state, { kind: "acted", result }).delta);
}

export interface PureRun {
  readonly state: RunState;
  readonly events: readonly EventDraft[];
  /** Keys of the actions that ran, in order. */
  readonly ran: readonly string[];
  /** Every pause, with how many events there were before it. */
  readonly waits: readonly { readonly ms: number; readonly after: number }[];
}

export interface PureRunOptions {
  readonly state: RunState;
  readonly first?: StepInput;
  readonly act: (action: PlannedAction) => ActionResult;
  readonly facts?: Facts;
  /** What becomes of the state between two steps. */
  readonly between?: (state: RunState) => RunState;
  /** Stop after so many commits, as a kill would: what was committed stands, what was to come is lost. */
  readonly killAfterCommits?: number;
}

/** A run without an engine: steps, applied one after the other. */
export function pureRun(options: PureRunOptions): PureRun {
  const { act, facts = calm, between = (state) => state, killAfterCommits = Number.POSITIVE_INFINITY } = options;
  const events: EventDraft[] = [];
  const ran: string[] = [];
  const waits: { ms: number; after: number }[] = [];
  let { state, first: input = { kind: "start" } } = options as PureRunOptions & { first: StepInput };
  let commits = 0;
  for (let steps = 0; steps < 2000; steps++) {
    const taken: Step = step(state.definition, state, input, facts);
    events.push(...taken.events);
    state = between(applyDelta(state, taken.delta));
    if (taken.events.length > 0) commits += 1;
    if (commits >= killAfterCommits || taken.next.kind === "done") return { state, events, ran, waits };
    switch (taken.next.kind) {
      case "advance":
        input = { kind: "advance" };
        break;
      case "wait":
        waits.push({ ms: taken.next.ms, after: events.length });
        input = { kind: "advance" };
        break;
      case "spawn":
        input = { kind: "spawned", pid: successorPid, evaluation: taken.next.evaluation };
        break;
      case "act":
        ran.push(taken.next.action.key);
        input = { kind: "acted", result: act(taken.next.action) };
        break;
      case "evaluate":
        input = {
          kind: "evaluated",
          evaluation: evaluateNow(taken.next.request),
        };
        break;
    }
  }
  throw new Error("the run does not end");
}

/** Built-in evaluators that touch nothing answer at once. */
function evaluateNow(request: EvaluationRequest): Evaluation {
  const { signal } = new AbortController();
  const diffStat = () => Promise.reject(new Error("a pure run has no working tree"));
  const evaluation = evaluate(request, { askModel: undefined, diffStat, custom: {}, signal });
  if (evaluation instanceof Promise) throw new Error(`${request.config?.type} cannot be asked in a pure run`);
  return evaluation;
}

export function resultWith(exit_code: number, output = ""): ActionResult {
  return { output, stderr: "", exit_code, duration_ms: 1 };
}
