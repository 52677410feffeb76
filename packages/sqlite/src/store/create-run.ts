import type { StoredRun } from "@loops/core";
import { sql } from "kysely";
import { archiveTree } from "./archive-run.js";
import { hasEnded } from "./has-ended.js";
import { isHeld, type Observer } from "./owner.js";
import { type RunRow, readRows } from "./run-rows.js";
import { SqlLease } from "./sql-lease.js";
import { nowMs } from "./sql-parts.js";
import { encodable } from "./state-codec.js";
import type { OpenedStore, StoreContext } from "./store-context.js";
import { runExists } from "./store-errors.js";

/** The rest is the next start's: a start that archives thousands of runs would seem to hang. */
const maxArchived = 100;

/** Makes the row of a new run and leases it. Nobody sees it before its first commit. */
export async function createRun(context: StoreContext, state: StoredRun, clearPrevious: boolean): Promise<SqlLease> {
  const { run_id: runId, loop_name: loop } = state;
  encodable(runId, state);
  const isChild = (state.parent_run_id ?? null) !== null;
  if (clearPrevious && !isChild) await clearPreviousRuns(context, loop, runId);
  const owner = context.claim();
  let askedMs = 0;
  try {
    const made = await context.write(`run ${runId}`, (opened, observer) => {
      askedMs = performance.now();
      return insert(opened, observer, state, { owner, isChild, leaseMs: context.leaseMs });
    });
    if (!made) throw runExists(runId);
  } catch (error) {
    context.forget(owner);
    throw error;
  }
  const nothing = { seq: 0, flushedSeq: 0, stateLength: 0, deltasLength: 0 };
  return new SqlLease(context, { runId, epoch: 1, owner, state, ...nothing, askedMs });
}

async function clearPreviousRuns(context: StoreContext, loop: string, runId: string): Promise<void> {
  await context.write(`the previous runs of ${loop}`, async (opened, observer) => {
    const live = (await readRows(opened, { loop, archived: false })).filter((row) => row.run_id !== runId);
    const parents = await presentIds(opened, live);
    const isOver = ({ seq, in_place, status, parent_run_id }: RunRow) =>
      // What a child came to is its parent's to record.
      seq > 0 && (in_place === 1 || (hasEnded(status) && !(parent_run_id !== null && parents.has(parent_run_id))));
    const over = live.filter((row) => isOver(row) && !isHeld(row, observer));
    // The one in the loop's own place is never left for later: it would keep the new one out.
    over.sort((a, b) => b.in_place - a.in_place);
    for (const row of over.slice(0, maxArchived)) await archiveTree(opened, observer, row);
    await sweepUnborn(opened, observer, live);
  });
}

/** Which of the parents of these runs are there. */
async function presentIds(opened: OpenedStore, rows: readonly RunRow[]): Promise<ReadonlySet<string>> {
  const runIds = [...new Set(rows.flatMap(({ parent_run_id }) => parent_run_id ?? []))];
  if (runIds.length === 0) return new Set();
  return new Set((await readRows(opened, { runIds, archived: false })).map(({ run_id }) => run_id));
}

/** Removes runs whose owner died before their first commit. */
async function sweepUnborn({ db }: OpenedStore, observer: Observer, rows: readonly RunRow[]): Promise<void> {
  for (const row of rows.filter(({ seq }) => seq === 0)) {
    if (isHeld(row, observer)) continue;
    await sql`delete from loop_runs where run_id = ${row.run_id} and seq = 0 and epoch = ${row.epoch}
      and lease_until_ms = ${row.lease_until_ms}`.execute(db);
  }
}

interface NewRun {
  readonly owner: string;
  readonly isChild: boolean;
  readonly leaseMs: number;
}

const maxAttempts = 3;

/** `false` where the id is taken. */
async function insert(opened: OpenedStore, observer: Observer, state: StoredRun, run: NewRun): Promise<boolean> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    // In the loop's own place, else beside the one that has it.
    const made = (!run.isChild && (await insertAt(opened, state, run, 1))) || (await insertAt(opened, state, run, 0));
    if (made) return true;
    const [taken] = await readRows(opened, { runId: state.run_id });
    // By an attempt of this very call, to which no answer came.
    if (taken?.owner === run.owner) return true;
    if (taken !== undefined && (taken.seq > 0 || isHeld(taken, observer))) return false;
    // By one that died before its first commit, or was given up just now.
    if (taken !== undefined) await sweepUnborn(opened, observer, [taken]);
  }
  return false;
}

/** `false` where the id or the place is taken. */
async function insertAt(
  { db, kind }: OpenedStore,
  state: StoredRun,
  { owner, leaseMs }: NewRun,
  inPlace: 0 | 1,
): Promise<boolean> {
  const now = nowMs(kind);
  const { run_id, loop_name, started_at, status, parent_run_id = null } = state;
  const { rows } = await sql`
    insert into loop_runs (run_id, loop_name, parent_run_id, status, started_at, updated_ms, archived_ms, in_place,
      seq, flushed_seq, epoch, owner, lease_until_ms, stop_epoch)
    values (${run_id}, ${loop_name}, ${parent_run_id}, ${status}, ${started_at}, ${now}, null, ${inPlace},
      0, 0, 1, ${owner}, ${now} + ${leaseMs}, 0)
    on conflict do nothing
    returning run_id`.execute(db);
  return rows.length > 0;
}
