import { isLoopsError, LoopsError, type RunLease } from "@loops/core";
import { checkLoopName } from "../definition/names.js";
import type { LoopDefinition } from "../definition/types.js";
import type { RunState } from "../run-state.js";
import { toRunError } from "../step/run-error.js";
import type { ChildOutcome, PlannedChild, Step, StepInput } from "../step/types.js";
import { checkDefinition } from "./check-options.js";
import { checkGiven, valuesGiven } from "./child-values.js";
import type { Effects } from "./effects.js";
import { initialState } from "./initial-state.js";
import type { RunResult } from "./options.js";
import { carryOut } from "./releasing.js";
import { resultOf } from "./run-result.js";
import { Segment } from "./segment.js";

/** Carries out a segment of the child, as its parent's is carried out. */
type RunSegment = (segment: Segment, first: StepInput) => Promise<RunResult>;

/**
 * Runs a child loop as a run of its own, and resolves with what its end means for the parent. That it is meant to run is
 * committed first, with its run id: whoever goes on with the parent finds it by that, or makes it.
 *
 * Rejects where the child cannot be recorded: then nothing is known of it here, and the parent is left as it is.
 */
export async function runChild(
  parent: Segment,
  entry: Step,
  planned: PlannedChild,
  run: RunSegment,
): Promise<StepInput> {
  const runId = planned.runId ?? parent.effects.newRunId();
  if (planned.runId === null) {
    await parent.journal.commit(entry.events, intentOf(entry, runId));
    parent.deliverMeanwhile();
  }
  const { held } = parent;
  parent.held = undefined;
  if (held !== undefined) return ended(parent, held.segment, await held.goOn());
  // Stopped before it began: whoever goes on with this run begins it.
  if (await parent.stopRequested()) return { kind: "child_ended", outcome: notBegun(planned) };

  let state: RunState;
  try {
    state = childState(parent, planned, runId, await definitionOf(parent, planned));
  } catch (error) {
    return { kind: "child_failed", error: toRunError(error, planned.state) };
  }
  const lease = await createChild(parent.effects, state);
  if (!("commit" in lease)) return outcomeOf(lease);
  const child = new Segment(lease, effectsOfChild(parent), parent);
  return ended(parent, child, await carryOut(child, (segment) => run(segment, { kind: "start" })));
}

/** What a child does to the world is what its parent does, and it stops when that does. */
export function effectsOfChild(parent: Segment): Effects {
  return { ...parent.effects, signal: parent.stopSignal, forceSignal: parent.actionSignal };
}

function intentOf({ delta }: Step, run_id: string): Step["delta"] {
  const pending = delta.set?.["pending_child"] as RunState["pending_child"];
  return { ...delta, set: { ...delta.set, pending_child: { ...pending, run_id } } };
}

async function definitionOf(parent: Segment, { loop, state: name }: PlannedChild): Promise<LoopDefinition> {
  const { effects, lease } = parent;
  const { depth, definition: from } = lease.state;
  if (depth >= effects.maxDepth) {
    throw new LoopsError(
      "LOOPS_DEPTH",
      `Loop "${from.name}", state "${name}": "${loop}" would be nested more than ${effects.maxDepth} deep. ` +
        "Is it part of itself? Break the circle, or raise maxDepth.",
    );
  }
  const definition = await effects.resolveLoop(loop, { from });
  checkDefinition(definition);
  checkLoopName(definition.name);
  checkGiven(from.states[name] ?? {}, definition);
  return definition;
}

/**
 * The child's own context wins over what is passed through to it, and what it is given by name wins over that. Limits
 * that were given for its parent's run are not its own.
 */
function childState(parent: Segment, planned: PlannedChild, runId: string, definition: LoopDefinition): RunState {
  const { context, timeoutMs } = planned;
  const { run_id: parent_run_id, depth } = parent.lease.state;
  const ownMs = definition.timeout === undefined ? Number.POSITIVE_INFINITY : definition.timeout * 1000;
  const limits = timeoutMs !== null && timeoutMs < ownMs ? { timeoutMs } : {};
  const startedAt = parent.effects.clock.isoNow();
  const state = initialState(definition, { runId, startedAt }, {}, limits);
  const given = valuesGiven(planned, definition);
  return { ...state, context: { ...context, ...state.context, ...given }, parent_run_id, depth: depth + 1 };
}

/** The lease of a new run; where there has been one of that id, and it was archived meanwhile, what it came to. */
async function createChild({ store }: Effects, state: RunState): Promise<RunLease<RunState> | RunResult> {
  try {
    return await store.create(state, { clearPrevious: false });
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_RUN_EXISTS")) throw error;
    const { runs } = await store.history(state.loop_name);
    const archived = runs.find(({ run_id }) => run_id === state.run_id);
    if (archived === undefined || archived.terminated_by === null) throw error;
    return resultOf(archived);
  }
}

function ended(parent: Segment, { lease }: Segment, result: RunResult): StepInput {
  // Until its sinks have had all of it, it is kept where a resume looks for what to emit again.
  if (lease.flushedSeq >= lease.seq) parent.endedChild = lease.runId;
  return outcomeOf(result);
}

function outcomeOf(result: RunResult): StepInput {
  const { loop, terminated_by: terminatedBy, captured, error = null, continuation_prompt = null } = result;
  return {
    kind: "child_ended",
    outcome: { loop, terminatedBy, captured, error, continuationPrompt: continuation_prompt },
  };
}

function notBegun({ loop }: PlannedChild): ChildOutcome {
  return { loop, terminatedBy: "signal", captured: {}, error: null, continuationPrompt: null };
}
