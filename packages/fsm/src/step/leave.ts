import { resolveTarget } from "../definition/targets.js";
import type { LlmDefinition, LoopDefinition, StateDefinition } from "../definition/types.js";
import type { Evaluation } from "../evaluators/evaluation.js";
import { interpolate } from "../interpolate.js";
import type { InterpolationScope } from "../interpolate-scope.js";
import type { ActionResult, LastResult, RunState } from "../run-state.js";
import { evaluate as evaluateDraft, route as routeDraft } from "./drafts.js";
import { endAfter } from "./ending.js";
import { findState } from "./lookup.js";
import { ownDetails } from "./reserved-fields.js";
import { scopeOf } from "./scope.js";
import { settleTarget, unknownState } from "./target.js";
import type { EventDraft, Facts, Step } from "./types.js";

/** What a state without an action leaves behind. */
const noResult: ActionResult = { output: "", stderr: "", exit_code: 0, duration_ms: 0 };

const defaultLlm: LlmDefinition = { enabled: true, model: "sonnet", max_tokens: 256, timeout: 1800 };

/** What has happened to a state by the time it is left, to be committed with the way out. */
type Leaving = Pick<Step, "events" | "delta">;

/** Phase `acted`: follows `next`, asks the evaluator, or, with nothing to act on and nothing to ask, says yes. */
export function leave(definition: LoopDefinition, state: RunState, facts: Facts): Step {
  const config = findState(definition, state.current_state);
  if (config === undefined) return lostState(definition, state);
  if (config.next !== undefined) return followNext(definition, config, config.next, state, facts);
  if (config.action === undefined && config.evaluate === undefined) {
    return followVerdict(definition, config, state, { verdict: "yes", details: {} }, leaving(state), facts);
  }
  return {
    events: [],
    delta: {},
    next: {
      kind: "evaluate",
      request: {
        state: state.current_state,
        config: config.evaluate,
        actionType: config.action === undefined ? undefined : (config.action_type ?? "shell"),
        result: state.pending_result ?? noResult,
        text: sourceText(config, scopeOf(definition, state, facts)) ?? state.pending_result?.output ?? "",
        memory: state.evaluator_memory?.[state.current_state] ?? null,
        llm: definition.llm ?? defaultLlm,
      },
    },
  };
}

/** The evaluator has answered: its verdict decides the way out. */
export function leaveWith(definition: LoopDefinition, state: RunState, evaluation: Evaluation, facts: Facts): Step {
  const config = findState(definition, state.current_state);
  if (config === undefined) return lostState(definition, state);
  const last: LastResult = { verdict: evaluation.verdict, details: ownDetails(evaluation.details) };
  const before = leaving(state, [evaluateDraft(evaluation)], { last_result: last });
  return followVerdict(definition, config, state, last, before, facts);
}

function followVerdict(
  definition: LoopDefinition,
  config: StateDefinition,
  state: RunState,
  result: LastResult,
  before: Leaving,
  facts: Facts,
): Step {
  const template = resolveTarget(config, result.verdict, state.current_state);
  if (template !== null) {
    const scope = scopeOf(definition, state, facts, result);
    return follow(definition, state, template, scope, `verdict "${result.verdict}"`, before);
  }
  if (facts.stopRequested) return stopHere(state, before);
  const name = state.current_state;
  return endAfter(state, before, "error", {
    type: "LOOPS_NO_TRANSITION",
    message:
      `No valid transition from state "${name}" for verdict "${result.verdict}". ` +
      `Add on_${result.verdict}, a route for it, or \`_\` as the default.`,
    state: name,
  });
}

/** No evaluator looks at it: only a failure with an `on_error` leads elsewhere. */
function followNext(
  definition: LoopDefinition,
  config: StateDefinition,
  next: string,
  state: RunState,
  facts: Facts,
): Step {
  const exitCode = state.pending_result?.exit_code ?? 0;
  const before = config.action === undefined ? leavingUnseen : leaving(state);
  const scope = scopeOf(definition, state, facts);
  if (exitCode !== 0 && config.on_error !== undefined) {
    return follow(definition, state, config.on_error, scope, "on_error", before);
  }
  // Killed from outside: most likely somebody wants the whole loop to stop.
  if (exitCode < 0) return stopHere(state, before);
  return follow(definition, state, next, scope, "next", before);
}

function follow(
  definition: LoopDefinition,
  state: RunState,
  template: string,
  scope: InterpolationScope,
  where: string,
  before: Leaving,
): Step {
  const target = settleTarget(definition, state, template, scope, where);
  if (!target.ok) return endAfter(state, before, "error", target.error);
  const from = state.current_state;
  return {
    events: [...before.events, routeDraft(from, target.state)],
    delta: {
      set: { ...before.delta.set, phase: "ready", current_state: target.state, previous_state: from, attempt: 1 },
    },
    next: { kind: "advance" },
  };
}

/**
 * Ends as interrupted without a way out. Going on enters the state as a new iteration: this one's result is recorded,
 * and what is recorded is not run again.
 */
function stopHere(state: RunState, before: Leaving): Step {
  const set = { ...before.delta.set, previous_state: state.current_state, attempt: 1 };
  return endAfter(state, { events: before.events, delta: { set } }, "signal");
}

function leaving(
  state: RunState,
  events: readonly EventDraft[] = [],
  set: Readonly<Record<string, unknown>> = {},
): Leaving {
  const { output, exit_code } = state.pending_result ?? noResult;
  const prev = { output, exit_code, state: state.current_state };
  return { events, delta: { set: { ...set, prev_result: prev, pending_result: null } } };
}

/** A state that only passes on leaves `prev` to the one before it. */
const leavingUnseen: Leaving = { events: [], delta: { set: { pending_result: null } } };

function sourceText(config: StateDefinition, scope: InterpolationScope): string | undefined {
  if (config.evaluate?.source === undefined) return undefined;
  try {
    return interpolate(config.evaluate.source, scope);
  } catch {
    // By the rules of loop files a source that cannot be filled in means: look at standard output.
    return undefined;
  }
}

function lostState(definition: LoopDefinition, state: RunState): Step {
  const name = state.current_state;
  return endAfter(state, leaving(state), "error", unknownState(definition, name, name, "the run"));
}
