import type { CorruptRun, LoopEvent, RunList, StoredRun } from "@loops/core";
import { readWhole, type WholeRun } from "./run-rows.js";
import { corruptError, decodeEvent, decodeState } from "./state-codec.js";
import type { StoreContext } from "./store-context.js";
import { whereOf } from "./store-errors.js";

/** All runs that are not archived; those that cannot be read are reported beside the others. */
export async function listRuns(context: StoreContext): Promise<RunList> {
  return decodeAll(await context.read("the list of runs", (opened) => readWhole(opened, { archived: false })));
}

/** The archived runs of the loop with exactly that name, newest `started_at` first. */
export async function readHistory(context: StoreContext, loop: string): Promise<RunList> {
  const rows = await context.read(`the history of ${loop}`, (opened) => readWhole(opened, { loop, archived: true }));
  return decodeAll(rows.sort(newestFirst));
}

/**
 * The newest run of the loop with exactly that name that has no parent, else the run with that id; `null` if there is none.
 *
 * @throws LoopsError `LOOPS_STATE_CORRUPT` where the only one that fits cannot be read
 */
export async function findRun(context: StoreContext, nameOrRunId: string): Promise<StoredRun | null> {
  const what = `run ${nameOrRunId}`;
  const ofLoop = await context.read(what, (opened) => readWhole(opened, { loop: nameOrRunId, archived: false }));
  const own = decodeAll(ofLoop.filter(({ parent_run_id }) => parent_run_id === null).sort(newestFirst));
  if (own.runs[0] !== undefined) return own.runs[0];
  const byId = decodeAll(
    await context.read(what, (opened) => readWhole(opened, { runId: nameOrRunId, archived: false })),
  );
  const [unreadable] = [...byId.corrupt, ...own.corrupt];
  if (byId.runs[0] === undefined && unreadable !== undefined) throw unreadable.error;
  return byId.runs[0] ?? null;
}

/** The events of a run, live or archived, without the first `after` of them. */
export function readEvents(
  context: StoreContext,
  { loop, runId, after }: { readonly loop: string; readonly runId: string; readonly after: number },
): Promise<readonly LoopEvent[]> {
  return context.read(`the events of run ${runId}`, async ({ db }) => {
    const rows = await db
      .selectFrom("loop_run_events as e")
      .innerJoin("loop_runs as r", "r.run_id", "e.run_id")
      .select("e.event")
      .where("r.run_id", "=", runId)
      .where("r.loop_name", "=", loop)
      .where("e.seq", ">", after)
      .orderBy("e.seq")
      .execute();
    return rows.map(({ event }) => decodeEvent(runId, event));
  });
}

function decodeAll(rows: readonly WholeRun[]): RunList {
  const runs: StoredRun[] = [];
  const corrupt: CorruptRun[] = [];
  for (const row of rows) {
    try {
      runs.push(decodeState(row));
    } catch (error) {
      corrupt.push({ where: whereOf(row.run_id), error: corruptError(error) });
    }
  }
  return { runs, corrupt };
}

/** By start time; run ids decide between equal ones, because they rise with time too. */
function newestFirst(a: WholeRun, b: WholeRun): number {
  return compare(b.started_at, a.started_at) || compare(b.run_id, a.run_id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
