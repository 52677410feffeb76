import type { ActionRequest, PreparedAction } from "../actions/runner.js";
import { toRunError } from "../step/run-error.js";
import type { PlannedAction, Step, StepInput } from "../step/types.js";
import { actionEnvironment } from "./action-environment.js";
import { isPromise } from "./is-promise.js";
import { runnerOf } from "./runner-of.js";
import type { Segment } from "./segment.js";

/**
 * Runs an action so that it can be accounted for: its process waits at a gate until the intent, with its identity, is
 * committed. Resolves with what to tell the next step. Waits only for what takes its time: an action inside this
 * process costs one turn of the microtask queue, not five.
 */
export async function act(segment: Segment, entry: Step, action: PlannedAction): Promise<StepInput> {
  const { journal, effects, flushMark, actionSignal } = segment;
  let prepared: PreparedAction;
  try {
    const making = runnerOf(effects, action.type).prepare(requestOf(segment, action));
    prepared = isPromise(making) ? await making : making;
  } catch (error) {
    await journal.commit(entry.events, entry.delta);
    return { kind: "failed", error: toRunError(error, action.state) };
  }
  // Stopped by force while the process was being made: nothing was announced, so nothing has to be taken back.
  if (actionSignal.aborted) {
    prepared.abandon();
    return { kind: "advance" };
  }

  try {
    const written = journal.commit(entry.events, intentOf(entry, action, prepared));
    if (written !== undefined) await written;
  } catch (error) {
    prepared.abandon();
    throw error;
  }
  flushMark.poke();
  try {
    const running = prepared.start();
    const outcome = isPromise(running) ? await running : running;
    return outcome.kind === "cancelled" ? outcome : { kind: "acted", result: outcome.result };
  } catch (error) {
    return { kind: "failed", error: toRunError(error, action.state) };
  }
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
