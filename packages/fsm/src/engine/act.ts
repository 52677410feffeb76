import type { ActionOutcome, ActionRequest, PreparedAction } from "../actions/runner.js";
import { toRunError } from "../step/run-error.js";
import type { PlannedAction, Step, StepInput } from "../step/types.js";
import { actionEnvironment } from "./action-environment.js";
import { isPromise } from "./is-promise.js";
import { runnerOf } from "./runner-of.js";
import type { Segment } from "./segment.js";

/** An action whose intent is committed, or what became of it instead. */
export type Announced = PreparedAction | StepInput;

/**
 * Prepares an action so that it can be accounted for: its process waits at a gate until the intent, with its identity,
 * is committed. A promise only where there is something to wait for. Throws, or rejects, as the store does.
 */
export function announce(segment: Segment, entry: Step, action: PlannedAction): Announced | Promise<Announced> {
  let making: PreparedAction | Promise<PreparedAction>;
  try {
    making = runnerOf(segment.effects, action.type).prepare(requestOf(segment, action));
  } catch (error) {
    return refused(segment, entry, action, error);
  }
  if (!isPromise(making)) return commitIntent(segment, entry, action, making);
  return making.then(
    (prepared) => commitIntent(segment, entry, action, prepared),
    (error: unknown) => refused(segment, entry, action, error),
  );
}

/** The process could not be made. The entry is committed all the same: it is what the error is about. */
async function refused({ journal }: Segment, entry: Step, action: PlannedAction, error: unknown): Promise<StepInput> {
  await journal.commit(entry.events, entry.delta);
  return failed(action, error);
}

function commitIntent(
  segment: Segment,
  entry: Step,
  action: PlannedAction,
  prepared: PreparedAction,
): Announced | Promise<Announced> {
  // Stopped by force while the process was being made: nothing was announced, so nothing has to be taken back.
  if (segment.actionSignal.aborted) {
    prepared.abandon();
    return { kind: "advance" };
  }
  try {
    const written = segment.journal.commit(entry.events, intentOf(entry, action, prepared));
    return written === undefined ? prepared : committed(written, prepared);
  } catch (error) {
    prepared.abandon();
    throw error;
  }
}

async function committed(written: Promise<void>, prepared: PreparedAction): Promise<PreparedAction> {
  try {
    await written;
    return prepared;
  } catch (error) {
    prepared.abandon();
    throw error;
  }
}

/** What an action came to, for the next step. */
export function toInput(outcome: ActionOutcome): StepInput {
  return outcome.kind === "cancelled" ? outcome : { kind: "acted", result: outcome.result };
}

export function failed({ state }: PlannedAction, error: unknown): StepInput {
  return { kind: "failed", error: toRunError(error, state) };
}

function requestOf(segment: Segment, action: PlannedAction): ActionRequest {
  const { journal, effects, actionSignal } = segment;
  return {
    type: action.type,
    command: action.command,
    params: action.params,
    cwd: effects.cwd,
    env: actionEnvironment(segment, action),
    timeoutMs: action.timeoutMs,
    signal: actionSignal,
    onLine: journal.onLine,
  };
}

/** The step knows no processes: it says `null`. */
function intentOf({ delta }: Step, { key, command, type }: PlannedAction, { process }: PreparedAction): Step["delta"] {
  if (process === null) return delta;
  return { ...delta, set: { ...delta.set, pending_action: { key, command, type, process } } };
}
