import type { ActionOutcome, ActionRequest, PreparedAction } from "../actions/runner.js";
import { toRunError } from "../step/run-error.js";
import type { PlannedAction, Step, StepInput } from "../step/types.js";
import { actionEnvironment } from "./action-environment.js";
import { isPromise } from "./is-promise.js";
import { runnerOf } from "./runner-of.js";
import type { Segment } from "./segment.js";

type Input = StepInput | Promise<StepInput>;

/**
 * Runs an action so that it can be accounted for: its process waits at a gate until the intent, with its identity, is
 * committed. Gives what to tell the next step, by a promise only where there is something to wait for. Throws, or
 * rejects, as the store does.
 */
export function act(segment: Segment, entry: Step, action: PlannedAction): Input {
  let making: PreparedAction | Promise<PreparedAction>;
  try {
    making = runnerOf(segment.effects, action.type).prepare(requestOf(segment, action));
  } catch (error) {
    return refused(segment, entry, action, error);
  }
  if (!isPromise(making)) return announce(segment, entry, action, making);
  return making.then(
    (prepared) => announce(segment, entry, action, prepared),
    (error: unknown) => refused(segment, entry, action, error),
  );
}

/** The process could not be made. The entry is committed all the same: it is what the error is about. */
async function refused({ journal }: Segment, entry: Step, action: PlannedAction, error: unknown): Promise<StepInput> {
  await journal.commit(entry.events, entry.delta);
  return { kind: "failed", error: toRunError(error, action.state) };
}

function announce(segment: Segment, entry: Step, action: PlannedAction, prepared: PreparedAction): Input {
  // Stopped by force while the process was being made: nothing was announced, so nothing has to be taken back.
  if (segment.actionSignal.aborted) {
    prepared.abandon();
    return { kind: "advance" };
  }
  const notRecorded = (error: unknown): never => {
    prepared.abandon();
    throw error;
  };
  let written: void | Promise<void>;
  try {
    written = segment.journal.commit(entry.events, intentOf(entry, action, prepared));
  } catch (error) {
    return notRecorded(error);
  }
  return written === undefined
    ? begin(segment, action, prepared)
    : written.then(() => begin(segment, action, prepared), notRecorded);
}

function begin(segment: Segment, action: PlannedAction, prepared: PreparedAction): Input {
  segment.deliverMeanwhile();
  const failed = (error: unknown): StepInput => ({ kind: "failed", error: toRunError(error, action.state) });
  try {
    const running = prepared.start();
    return isPromise(running) ? running.then(toInput, failed) : toInput(running);
  } catch (error) {
    return failed(error);
  }
}

function toInput(outcome: ActionOutcome): StepInput {
  return outcome.kind === "cancelled" ? outcome : { kind: "acted", result: outcome.result };
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
