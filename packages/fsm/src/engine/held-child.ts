import type { RunState } from "../run-state.js";
import type { StepInput } from "../step/types.js";
import { effectsOfChild } from "./child.js";
import { endOrphan } from "./end-orphan.js";
import { type DoubtWishes, settleDoubt } from "./in-doubt.js";
import { carryOut, release as giveUp } from "./releasing.js";
import { resultOf } from "./run-result.js";
import { runSegment } from "./run-segment.js";
import { Segment } from "./segment.js";
import { settleChildren } from "./settle-children.js";

/**
 * Takes the lease of the child that a parent waits for, and of that one's child, all the way down, and settles what a
 * dead process left of them. To be called before anything of the parent is committed: where it throws, every run is as
 * it was, and no lease is held.
 *
 * @throws LoopsError `LOOPS_RUN_OWNED` where somebody goes on with the child alone, `LOOPS_ORPHAN`, `LOOPS_IN_DOUBT`, and
 * as the store does
 */
export async function holdChild(parent: Segment, wishes: DoubtWishes): Promise<void> {
  const pending = parent.lease.state.pending_child ?? null;
  const { store, clock } = parent.effects;
  // One that was never made, or was archived, is dealt with where it would begin.
  if (pending === null || (await store.find(pending.run_id)) === null) return;
  const child = new Segment(await store.acquire(pending.run_id), effectsOfChild(parent), parent);
  const release = async () => {
    await child.held?.release();
    await giveUp(child.lease, child.effects.warn);
  };
  let first: StepInput | null = null;
  const reemit = async () => {
    await child.reemit();
    await settleChildren(child);
    await child.held?.reemit();
  };
  parent.held = { segment: child, reemit, release, goOn: () => carryOut(child, (segment) => goOn(segment, first)) };
  try {
    if (canGoOn(child.lease.state)) {
      const orphan = await endOrphan(child.lease.state, child.effects);
      const policy = await settleDoubt(child.lease.state, orphan, wishes);
      await holdChild(child, wishes);
      first = { kind: "resume", orphan, policy, segmentStartedAt: clock.isoNow(), changes: {} };
    }
  } catch (error) {
    parent.held = undefined;
    await release();
    throw error;
  }
  // Its time is its parent's too, also that which the parent had no occasion to record.
  parent.countAtLeast((pending.begun_ms ?? 0) + child.elapsedMs());
}

/** One that was left in the middle. What it came to otherwise is final: its own limits are not raised. */
function canGoOn({ status, terminated_by, stopped_itself = false }: RunState): boolean {
  const wasLeft = terminated_by === "signal" && !stopped_itself;
  return status === "running" || status === "awaiting_continuation" || wasLeft;
}

async function goOn(segment: Segment, first: StepInput | null) {
  if (first !== null) return runSegment(segment, first);
  await segment.flushMark.finish("unless_hanging");
  return resultOf(segment.lease.state);
}
