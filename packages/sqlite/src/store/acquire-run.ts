import { sql } from "kysely";
import { describeOwner, isHeld } from "./owner.js";
import { readWhole, type WholeRun } from "./run-rows.js";
import { SqlLease, type Taken } from "./sql-lease.js";
import { nowMs } from "./sql-parts.js";
import { decodeState } from "./state-codec.js";
import type { OpenedStore, StoreContext } from "./store-context.js";
import { runNotFound, runOwned } from "./store-errors.js";

/** Takes a run whose owner is dead, has let its lease run out, or has given it up: one conditional update. */
export async function acquireRun(context: StoreContext, runId: string): Promise<SqlLease> {
  const owner = context.claim();
  try {
    const taken = await context.write(`the lease of run ${runId}`, async (opened, observer): Promise<Taken> => {
      for (;;) {
        const [run] = await readWhole(opened, { runId, archived: false });
        if (run === undefined) throw runNotFound(runId);
        const { seq, flushed_seq: flushedSeq, epoch } = run;
        const lengths = { stateLength: run.state?.length ?? 0, deltasLength: run.deltas?.length ?? 0 };
        const askedMs = performance.now();
        // By an attempt of this very call, to which no answer came.
        const isOurs = run.owner === owner;
        if (!isOurs && isHeld(run, observer)) throw runOwned(runId, describeOwner(run.owner));
        const state = decodeState(run);
        if (isOurs)
          return { runId, epoch, owner, state, seq, flushedSeq, ...lengths, askedMs: askedMs - context.leaseMs };
        const taking = await take(opened, run, owner, context.leaseMs);
        if (taking) return { runId, epoch: epoch + 1, owner, state, seq, flushedSeq, ...lengths, askedMs };
        // Somebody was faster, or the owner lives after all: the next look tells.
      }
    });
    return new SqlLease(context, taken);
  } catch (error) {
    context.forget(owner);
    throw error;
  }
}

/**
 * Only from the very owner that was looked at, and only if its lease is what it was: one that is renewed meanwhile lives.
 *
 * @returns whether it was taken
 */
async function take({ db, kind }: OpenedStore, run: WholeRun, owner: string, leaseMs: number): Promise<boolean> {
  const { rows } = await sql`
    update loop_runs set epoch = ${run.epoch + 1}, owner = ${owner}, lease_until_ms = ${nowMs(kind)} + ${leaseMs}, stop_epoch = 0
    where run_id = ${run.run_id} and epoch = ${run.epoch} and seq = ${run.seq}
      and lease_until_ms = ${run.lease_until_ms} and archived_ms is null
    returning run_id`.execute(db);
  return rows.length > 0;
}
