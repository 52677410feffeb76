import type { RunLease } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { Effects } from "./effects.js";
import { endOrphan } from "./end-orphan.js";
import { releasing } from "./releasing.js";
import { Segment } from "./segment.js";
import { settleChildren } from "./settle-children.js";

/**
 * Before a killed run of a loop is archived: nobody will resume it, so that what it left running is ended and what its
 * sinks may have lost is emitted now or never.
 */
export async function settlePrevious(effects: Effects, loop: string): Promise<void> {
  const lease = await leaseKilled(effects.store, loop);
  if (lease === null) return;
  await releasing(lease, effects.warn, async () => {
    const segment = new Segment(lease, effects);
    await endOrphan(lease.state, effects);
    if ((await segment.reemit()) + (await settleChildren(segment, "all")) > 0) await segment.flushMark.finish();
  });
}

async function leaseKilled(store: Effects["store"], loop: string): Promise<RunLease<RunState> | null> {
  try {
    const previous = await store.find(loop);
    if (previous?.status !== "running" || (await store.isOwned(previous.run_id))) return null;
    return await store.acquire(previous.run_id);
  } catch {
    // What cannot be read or taken owes nothing. `create` looks at the same place next, and has the say on what is there.
    return null;
  }
}
