import { isLoopsError } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { Effects } from "./effects.js";
import { endOrphan } from "./end-orphan.js";
import { releasing } from "./releasing.js";
import { Segment } from "./segment.js";

/**
 * Settles what is left of child runs that nobody goes on with: what they left running is ended, what the sinks may lack
 * of them is emitted, and they are archived. A parent that was killed may have left such: its latest
 * child, before it was archived.
 *
 * @param which `over`: but for the one that the parent waits for; `all`: where nobody goes on with the parent either
 * @returns how many events were emitted
 */
export async function settleChildren({ lease, effects }: Segment, which: "over" | "all" = "over"): Promise<number> {
  const { run_id, pending_child, definition } = lease.state;
  if (!Object.values(definition.states).some(({ loop }) => loop !== undefined)) return 0;
  let emitted = 0;
  for (const child of (await effects.store.list()).runs) {
    const isPending = child.run_id === pending_child?.run_id;
    if (child.parent_run_id === run_id && !(isPending && which === "over"))
      emitted += await settle(child, effects, which);
  }
  return emitted;
}

/** Archives the child whose end the parent has just committed. It is of no more use, and to keep it costs only room. */
export async function archiveEnded(segment: Segment): Promise<void> {
  const { endedChild, lease, effects } = segment;
  if (endedChild === undefined || lease.state.pending_child?.run_id === endedChild) return;
  segment.endedChild = undefined;
  await archive(endedChild, effects);
}

async function settle({ run_id }: RunState, effects: Effects, which: "over" | "all"): Promise<number> {
  const lease = await acquireOrNull(run_id, effects);
  if (lease === null) return 0;
  let emitted = 0;
  let delivered = false;
  await releasing(lease, effects.warn, async () => {
    const segment = new Segment(lease, effects);
    await endOrphan(lease.state, effects);
    emitted += (await segment.reemit()) + (await settleChildren(segment, "all"));
    delivered = emitted === 0 || (await segment.flushMark.finish("unless_hanging"));
  });
  // Of a parent that nobody goes on with, the rest is archived with it.
  if (delivered && which === "over") await archive(run_id, effects);
  return emitted;
}

/** Somebody who carries it out alone, or archived it meanwhile, has settled it too. */
async function acquireOrNull(runId: string, { store }: Effects) {
  try {
    return await store.acquire(runId);
  } catch (error) {
    if (isLoopsError(error, "LOOPS_RUN_OWNED") || isLoopsError(error, "LOOPS_RUN_NOT_FOUND")) return null;
    throw error;
  }
}

async function archive(runId: string, { store, warn }: Effects): Promise<void> {
  try {
    // Also one that used up its iterations: its parent has gone on without it.
    await store.archive(runId, { resumable: true });
  } catch (error) {
    // It stays where it is, until its parent is archived with it.
    warn(error instanceof Error ? error : new Error(String(error)));
  }
}
