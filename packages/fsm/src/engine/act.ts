import type { PreparedAction } from "../actions/runner.js";
import { mergeDeltas } from "../step/delta.js";
import { toRunError } from "../step/run-error.js";
import type { PlannedAction, Step, StepInput } from "../step/types.js";
import type { Segment } from "./segment.js";

/**
 * Runs an action so that it can be accounted for: its process waits at a gate until the intent, with its identity, is
 * committed. Resolves with what to tell the next step.
 */
export async function act(segment: Segment, entry: Step, action: PlannedAction): Promise<StepInput> {
  const { journal, lease, effects, flushMark, actionSignal } = segment;
  let prepared: PreparedAction;
  try {
    prepared = await effects.runner.prepare({
      type: action.type,
      params: action.params,
      command: action.command,
      cwd: effects.cwd,
      env: envOf(segment, action),
      timeoutMs: action.timeoutMs,
      signal: actionSignal,
      onLine: (line) => journal.line(line),
    });
  } catch (error) {
    await journal.commit(entry.events, entry.delta);
    return { kind: "failed", error: toRunError(error, action.state) };
  }
  // Stopped by force while the process was being made: nothing was announced, so nothing has to be taken back.
  if (actionSignal.aborted) {
    prepared.abandon();
    return { kind: "advance" };
  }

  const pending = { key: action.key, command: action.command, type: action.type, process: prepared.process };
  try {
    await journal.commit(entry.events, mergeDeltas(entry.delta, { set: { pending_action: pending } }));
  } catch (error) {
    prepared.abandon();
    throw error;
  }
  flushMark.poke();
  try {
    const outcome = await prepared.start();
    return outcome.kind === "cancelled" ? outcome : { kind: "acted", result: outcome.result };
  } catch (error) {
    return { kind: "failed", error: toRunError(error, lease.state.current_state) };
  }
}

function envOf({ lease, effects }: Segment, action: PlannedAction): Readonly<Record<string, string>> {
  const { run_id, loop_name: loop } = lease.state;
  const { state, iteration, attempt, key } = action;
  return {
    ...effects.actionEnv({ run_id, loop, state, iteration, attempt, key }),
    LOOPS_RUN_ID: run_id,
    LOOPS_LOOP: loop,
    LOOPS_STATE: state,
    LOOPS_ITERATION: String(iteration),
    LOOPS_ATTEMPT: String(attempt),
    LOOPS_IDEMPOTENCY_KEY: key,
  };
}
