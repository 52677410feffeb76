import { checkDefinition, checkOptions } from "./check-options.js";
import { effectsOf } from "./effects.js";
import { initialState } from "./initial-state.js";
import type { RunLoopOptions, RunResult } from "./options.js";
import { carryOut } from "./releasing.js";
import { runSegment } from "./run-segment.js";
import { requireFreeScope, withScope } from "./scope.js";
import { Segment } from "./segment.js";
import { settlePrevious } from "./settle-previous.js";

/**
 * Starts a loop and resolves when it has ended, however it has ended. An action whose result was recorded is never run
 * again; a run that is killed goes on with {@link resumeLoop}.
 *
 * A run of the same loop that is alive is left alone; one that was killed is archived: what it left running is
 * ended, and events that its sinks may have lost are emitted again.
 *
 * @throws LoopsError `LOOPS_STORE_WRITE` when it cannot be recorded (no further action starts, the running one is ended,
 * and the run is resumable), `LOOPS_LEASE_LOST` when another process has taken the run over, `LOOPS_ORPHAN` when what a
 * dead run left behind cannot be ended, `LOOPS_SCOPE_HELD` while another run works on the loop's `scope`, `LOOPS_CONFIG` for limits that are none, and what the store's `create` throws
 */
export async function runLoop(options: RunLoopOptions): Promise<RunResult> {
  checkOptions("runLoop", options);
  checkDefinition(options.definition);
  const effects = effectsOf(options);
  const { definition, clearPrevious = true, context, limits } = options;
  const run = { runId: effects.newRunId(), startedAt: effects.clock.isoNow() };
  const state = withScope(initialState(definition, run, context, limits), effects.cwd);
  // Before anything of a previous run is touched.
  await requireFreeScope(effects.store, state);
  if (clearPrevious) await settlePrevious(effects, definition.name);
  const lease = await effects.store.create(state, { clearPrevious });
  return carryOut(new Segment(lease, effects), (segment) => runSegment(segment, { kind: "start" }));
}
