import { type CorruptRun, isLoopsError, type RunList } from "@loops/core";
import type { RunState } from "../run-state.js";
import { publicState, readRunning } from "./runs.js";
import type { StoreContext } from "./store-context.js";

/** All runs that are not archived; those that cannot be read are reported beside the others. */
export function listRuns(context: StoreContext): RunList<RunState> {
  const runs: RunState[] = [];
  const corrupt: CorruptRun[] = [];
  for (const content of readRunning(context)) {
    const where = content.paths.state;
    if (content.kind === "corrupt") {
      corrupt.push({ where, error: content.error });
      continue;
    }
    try {
      runs.push(publicState(context, content));
    } catch (error) {
      // Gone since: the run was archived meanwhile, its texts with it.
      if (!context.fs.existsSync(where)) continue;
      corrupt.push({ where, error: corruptError(error) });
    }
  }
  return { runs, corrupt };
}

/**
 * The newest run of the loop with exactly that name that has no parent, else the run with that id; `null` if there is none.
 *
 * @throws LoopsError `LOOPS_STATE_CORRUPT` where the only one that fits cannot be read
 */
export function newestOf(context: StoreContext, nameOrRunId: string): RunState | null {
  const { runs, corrupt } = listRuns(context);
  const ofLoop = runs.filter((run) => run.loop_name === nameOrRunId && !isChild(run)).sort(newestFirst);
  const found = ofLoop[0] ?? runs.find((run) => run.run_id === nameOrRunId);
  if (found !== undefined) return found;
  const place = context.layout.run(nameOrRunId).state;
  const unreadable = corrupt.find(({ where }) => where === place || where.endsWith(`-${nameOrRunId}.state.json`));
  if (unreadable !== undefined) throw unreadable.error;
  return null;
}

/** Whether another run began it. */
export function isChild({ parent_run_id = null }: Pick<RunState, "parent_run_id">): boolean {
  return parent_run_id !== null;
}

/** By start time; run ids decide between equal ones, because they rise with time too. */
export function newestFirst(a: RunState, b: RunState): number {
  return compare(b.started_at, a.started_at) || compare(b.run_id, a.run_id);
}

/** Returns `error` where it says that a run is corrupt, and throws it where it is another one. */
export function corruptError(error: unknown): Error {
  if (isLoopsError(error, "LOOPS_STATE_CORRUPT")) return error;
  throw error;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
