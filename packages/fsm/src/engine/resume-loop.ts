import { isLoopsError, LoopsError } from "@loops/core";
import type { StepInput } from "../step/types.js";
import { checkDefinition, checkDoubtOptions, checkOptions } from "./check-options.js";
import { effectsOf } from "./effects.js";
import { endOrphan } from "./end-orphan.js";
import { holdChild } from "./held-child.js";
import { settleDoubt } from "./in-doubt.js";
import type { ResumeLoopOptions, RunResult } from "./options.js";
import { namingOtherOpenRuns } from "./other-open-runs.js";
import { carryOut } from "./releasing.js";
import { planResume, type ResumeChanges } from "./resume-plan.js";
import { resultOf } from "./run-result.js";
import { runSegment } from "./run-segment.js";
import { requireFreeScope } from "./scope.js";
import { Segment } from "./segment.js";
import { settleChildren } from "./settle-children.js";

/**
 * Goes on with a run that was killed or stopped, from where it stands, and resolves when it has ended. What the dead
 * process left running is ended first; events that its sinks may have lost are emitted again, under their own `id`.
 * A run that has ended, but whose last events may have been lost, gets those emitted, and resolves with its result.
 *
 * @throws LoopsError `LOOPS_RUN_NOT_FOUND`, `LOOPS_RUN_OWNED` while another process carries the run out,
 * `LOOPS_NOT_RESUMABLE`, `LOOPS_DEFINITION_DRIFT`, `LOOPS_STATE_CORRUPT`, `LOOPS_ORPHAN`, `LOOPS_IN_DOUBT`, and as {@link runLoop} does
 */
export async function resumeLoop(options: ResumeLoopOptions): Promise<RunResult> {
  checkOptions("resumeLoop", options);
  checkDoubtOptions(options);
  if (options.definition !== undefined) checkDefinition(options.definition);
  const effects = effectsOf(options);
  const found = await effects.store.find(options.run);
  if (found === null) {
    const message = `[engine] there is no run "${options.run}": give the exact name of a loop or the id of a run`;
    throw new LoopsError("LOOPS_RUN_NOT_FOUND", message);
  }
  const lease = await effects.store.acquire(found.run_id);
  return carryOut(new Segment(lease, effects), (segment) => goOn(segment, options));
}

async function goOn(segment: Segment, options: ResumeLoopOptions): Promise<RunResult> {
  const { lease, effects } = segment;
  let changes: ResumeChanges;
  try {
    changes = planResume(lease.state, options);
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_NOT_RESUMABLE")) throw error;
    if ((await segment.reemit()) + (await settleChildren(segment)) === 0) {
      throw options.run === lease.runId ? error : await namingOtherOpenRuns(error, lease.state, effects);
    }
    await segment.flushMark.finish();
    return resultOf(lease.state);
  }
  await requireFreeScope(effects.store, lease.state);
  // Before anything is committed: a run whose orphan cannot be ended, or whose doubt is not settled, stays as it was.
  const orphan = await endOrphan(lease.state, effects);
  const policy = await settleDoubt(lease.state, orphan, options);
  await holdChild(segment, options);
  await segment.reemit();
  await settleChildren(segment);
  await segment.held?.reemit();
  const input: StepInput = { kind: "resume", orphan, policy, segmentStartedAt: effects.clock.isoNow(), changes };
  return runSegment(segment, input);
}
