import { sql } from "kysely";
import { isHeld } from "./owner.js";
import { readRows } from "./run-rows.js";
import type { StoreContext } from "./store-context.js";
import { runNotFound } from "./store-errors.js";

/** Asks the present owner to stop: by its epoch, so that a later one is not meant. */
export function requestStop(context: StoreContext, runId: string): Promise<void> {
  return context.write(`the request to stop run ${runId}`, async (opened, observer) => {
    const [row] = await readRows(opened, { runId, archived: false });
    if (row === undefined || row.seq === 0) throw runNotFound(runId);
    if (!isHeld(row, observer)) return;
    await sql`update loop_runs set stop_epoch = epoch where run_id = ${runId} and epoch = ${row.epoch}`.execute(
      opened.db,
    );
  });
}
