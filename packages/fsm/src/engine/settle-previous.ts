import { isLoopsError, type RunLease } from "@loops/core";
import type { RunState } from "../run-state.js";
import { isChild } from "../store/run-list.js";
import type { Effects } from "./effects.js";
import { endOrphan } from "./end-orphan.js";
import { releasing } from "./releasing.js";
import { Segment } from "./segment.js";
import { settleChildren } from "./settle-children.js";

/**
 * Before a new run of a loop takes the place of a killed one: what killed runs left running is ended, and what their
 * sinks may have lost is emitted, because nobody will resume the one that is archived. Which of several that is, is the
 * store's to choose; for the others the same is done here that a resume of theirs would begin with.
 *
 * @throws LoopsError `LOOPS_ORPHAN`, and as the store does
 */
export async function settlePrevious(effects: Effects, loop: string): Promise<void> {
  for (const { run_id } of await killedRuns(effects.store, loop)) await settle(run_id, effects);
}

async function settle(runId: string, effects: Effects): Promise<void> {
  const lease = await leaseOrNull(effects.store, runId);
  if (lease === null) return;
  await releasing(lease, effects.warn, async () => {
    const segment = new Segment(lease, effects);
    await endOrphan(lease.state, effects);
    if ((await segment.reemit()) + (await settleChildren(segment, "all")) > 0)
      await segment.flushMark.finish("unless_hanging");
  });
}

/** Those that say they are running, and are nobody's: all of them, because the newest may be another one that lives. */
async function killedRuns(store: Effects["store"], loop: string): Promise<readonly RunState[]> {
  const { runs } = await readable(() => store.list(), { runs: [], corrupt: [] });
  const open = runs.filter((run) => run.loop_name === loop && run.status === "running" && !isChild(run));
  // Asked at once: a store may then answer from one look at what it has. An owner that cannot be read may live.
  const owned = await Promise.all(open.map(({ run_id }) => readable(() => store.isOwned(run_id), true)));
  return open.filter((_run, index) => owned[index] === false);
}

/** `create` looks at the same place next, and says what is wrong with it. */
async function readable<T>(read: () => T | Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (nothingOwed.some((code) => isLoopsError(error, code))) return otherwise;
    throw error;
  }
}

/** What cannot be read or taken owes nothing. */
function leaseOrNull(store: Effects["store"], runId: string): Promise<RunLease<RunState> | null> {
  return readable<RunLease<RunState> | null>(() => store.acquire(runId), null);
}

const nothingOwed = [
  "LOOPS_RUN_OWNED",
  "LOOPS_RUN_NOT_FOUND",
  "LOOPS_STATE_CORRUPT",
  "LOOPS_STATE_VERSION",
  "LOOPS_STORE_READ",
];
