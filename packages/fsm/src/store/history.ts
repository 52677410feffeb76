import { join } from "node:path";
import type { CorruptRun, RunList } from "@loops/core";
import type { RunState } from "../run-state.js";
import { resolveBlobs } from "./blobs.js";
import type { RunPaths } from "./layout.js";
import { loadRun } from "./load.js";
import { listDirectory } from "./owner.js";
import { corruptError, newestFirst } from "./run-list.js";
import type { StoreContext } from "./store-context.js";
import { stateCorrupt } from "./store-errors.js";

/** The archived runs of the loop with exactly that name, newest `started_at` first. */
export function readHistory(context: StoreContext, loop: string): RunList<RunState> {
  const { fs, layout } = context;
  const runs: RunState[] = [];
  const corrupt: CorruptRun[] = [];
  for (const runId of listDirectory(fs, layout.history(loop))) {
    if (runId.startsWith(".")) continue; // An archive that is being made.
    try {
      const paths = archiveOf(context, loop, runId);
      const run = loadRun(fs, paths);
      if (run === null) continue;
      // The directory is the id by which the original system's events are found, whatever else the file says.
      const id = run.legacy ? runId : run.state.run_id;
      runs.push({ ...resolveBlobs(fs, paths.blobs, run.state), run_id: id, updated_at: run.updatedAt });
    } catch (error) {
      corrupt.push({ where: join(layout.history(loop), runId, "state.json"), error: corruptError(error) });
    }
  }
  return { runs: runs.sort(newestFirst), corrupt };
}

/** @throws LoopsError `LOOPS_STATE_CORRUPT` for what somebody else put there: no id is called that */
function archiveOf({ layout }: StoreContext, loop: string, runId: string): RunPaths {
  try {
    return layout.archive(loop, runId);
  } catch (error) {
    const path = join(layout.history(loop), runId);
    throw stateCorrupt(path, "this cannot be the id of a run", "Move it elsewhere; nothing here reads it.", error);
  }
}
