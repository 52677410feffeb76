import { ulid } from "ulid";
import type { RunState } from "../run-state.js";
import { type Effects, effectsOf } from "./effects.js";
import { initialState } from "./initial-state.js";
import type { RunLoopOptions, RunResult } from "./options.js";
import { releasing, Segment } from "./segment.js";

/**
 * Starts a loop and resolves when it has ended, however it has ended. An action whose result was recorded is never run
 * again; a run that is killed goes on with {@link resumeLoop}.
 *
 * A run of the same loop that is alive is left alone; one that is dead is archived, and what it left running is ended.
 *
 * @throws LoopsError `LOOPS_STORE_WRITE` when it cannot be recorded (no further action starts, the running one is ended,
 * and the run is resumable), `LOOPS_LEASE_LOST` when another process has taken the run over, `LOOPS_ORPHAN` when what a
 * dead run left behind cannot be ended, and what the store's `create` throws
 */
export async function runLoop(options: RunLoopOptions): Promise<RunResult> {
  const effects = effectsOf(options);
  const { definition, clearPrevious = true, newRunId = ulid, context, limits } = options;
  if (clearPrevious) await endPreviousOrphan(effects, definition.name);
  const run = { runId: newRunId(), startedAt: effects.clock.isoNow() };
  const lease = await effects.store.create(initialState(definition, run, context, limits), { clearPrevious });
  return releasing(lease, effects.warn, () => new Segment(lease, effects).run({ kind: "start" }));
}

/** The run that is about to be archived may have left an action running, and nobody will ask for it again. */
async function endPreviousOrphan({ store, runner, orphanTimeoutMs }: Effects, loop: string): Promise<void> {
  const previous = await findPrevious(store, loop);
  const orphan = previous?.status === "running" ? previous.pending_action?.process : null;
  if (previous === null || orphan === null || orphan === undefined) return;
  if (await store.isOwned(previous.run_id)) return;
  await runner.endOrphan(orphan, { timeoutMs: orphanTimeoutMs, runId: previous.run_id });
}

async function findPrevious(store: Effects["store"], loop: string): Promise<RunState | null> {
  try {
    return await store.find(loop);
  } catch {
    // What cannot be read names no orphan. `create` looks at the same place next, and has the say on what it finds.
    return null;
  }
}
