import { isLoopsError, LoopsError, type RunLease } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { StepInput } from "../step/types.js";
import { checkDefinition, checkOptions } from "./check-options.js";
import { type Effects, effectsOf } from "./effects.js";
import { endOrphan } from "./end-orphan.js";
import type { ResumeLoopOptions, RunResult } from "./options.js";
import { planResume, type ResumeChanges } from "./resume-plan.js";
import { resultOf } from "./run-result.js";
import { runSegment } from "./run-segment.js";
import { releasing, Segment } from "./segment.js";

/**
 * Goes on with a run that was killed or stopped, from where it stands, and resolves when it has ended. What the dead
 * process left running is ended first; events that its sinks may have lost are emitted again, under their own `id`.
 * A run that has ended, but whose last events may have been lost, gets those emitted, and resolves with its result.
 *
 * @throws LoopsError `LOOPS_RUN_NOT_FOUND`, `LOOPS_RUN_OWNED` while another process carries the run out,
 * `LOOPS_NOT_RESUMABLE`, `LOOPS_DEFINITION_DRIFT`, `LOOPS_STATE_CORRUPT`, `LOOPS_ORPHAN`, and as {@link runLoop} does
 */
export async function resumeLoop(options: ResumeLoopOptions): Promise<RunResult> {
  checkOptions("resumeLoop", options);
  if (options.definition !== undefined) checkDefinition(options.definition);
  const effects = effectsOf(options);
  const found = await effects.store.find(options.run);
  if (found === null) {
    const message = `[engine] there is no run "${options.run}": give the exact name of a loop or the id of a run`;
    throw new LoopsError("LOOPS_RUN_NOT_FOUND", message);
  }
  const lease = await effects.store.acquire(found.run_id);
  return releasing(lease, effects.warn, () => goOn(lease, effects, options));
}

async function goOn(lease: RunLease<RunState>, effects: Effects, options: ResumeLoopOptions): Promise<RunResult> {
  const segment = new Segment(lease, effects);
  let changes: ResumeChanges;
  try {
    changes = planResume(lease.state, options);
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_NOT_RESUMABLE") || (await segment.reemit()) === 0) throw error;
    await segment.flushMark.finish();
    return resultOf(lease.state);
  }
  // Before anything is committed: a run whose orphan cannot be ended stays as it was.
  const orphan = await endOrphan(lease.state, effects);
  await segment.reemit();
  const input: StepInput = { kind: "resume", orphan, segmentStartedAt: effects.clock.isoNow(), changes };
  return runSegment(segment, input);
}
