import type { ArchiveOptions } from "@loops/core";
import { sql } from "kysely";
import { hasEnded } from "./has-ended.js";
import { describeOwner, isHeld, type Observer } from "./owner.js";
import { type RunRow, readRows } from "./run-rows.js";
import { nowMs, type StoreDb } from "./sql-parts.js";
import type { OpenedStore, StoreContext } from "./store-context.js";
import { runNotEnded, runNotFound, runOwned } from "./store-errors.js";

/**
 * Moves a run that has ended, or any, into the history, its children with it.
 *
 * @throws LoopsError `LOOPS_RUN_NOT_FOUND`, `LOOPS_RUN_NOT_ENDED`, `LOOPS_RUN_OWNED`, `LOOPS_STORE_WRITE`
 */
export function archiveRun(
  context: StoreContext,
  runId: string,
  { resumable = false }: ArchiveOptions = {},
): Promise<void> {
  return context.write(`the archive of run ${runId}`, async (opened, observer) => {
    for (;;) {
      const [row] = await readRows(opened, { runId });
      if (row === undefined || row.seq === 0) throw runNotFound(runId);
      if (row.archived_ms !== null) return;
      if (isHeld(row, observer)) throw runOwned(runId, describeOwner(row.owner));
      if (!resumable && !hasEnded(row.status)) throw runNotEnded(runId, row.status);
      // Somebody took it meanwhile: looked at again.
      if (await archiveTree(opened, observer, row)) return;
    }
  });
}

/**
 * Archives a run that nobody has, and its children that nobody has, in one transaction. The epoch rises: whoever was
 * taken for dead writes nothing more.
 *
 * @returns `false` where somebody has taken the run since its row was read; then nothing is archived
 */
export function archiveTree({ db, kind }: OpenedStore, observer: Observer, row: RunRow): Promise<boolean> {
  return db.transaction().execute((tx) => archiveWithChildren({ db: tx, kind }, observer, row));
}

type Tables = Pick<OpenedStore, "kind"> & { readonly db: StoreDb };

/** From the parent down, as everybody does it: two that meet wait for each other and not in a circle. */
async function archiveWithChildren(tables: Tables, observer: Observer, row: RunRow): Promise<boolean> {
  const { run_id, epoch, lease_until_ms } = row;
  const { rows } = await sql`
    update loop_runs set archived_ms = ${nowMs(tables.kind)}, epoch = epoch + 1, owner = null, lease_until_ms = 0
    where run_id = ${run_id} and epoch = ${epoch} and lease_until_ms = ${lease_until_ms} and archived_ms is null
    returning run_id`.execute(tables.db);
  if (rows.length === 0) return false;
  const children = await readRows(tables, { parent: run_id, archived: false });
  for (const child of children) {
    if (child.seq > 0 && !isHeld(child, observer)) await archiveWithChildren(tables, observer, child);
  }
  return true;
}
