import type { CorruptRun, RunList } from "@loops/core";
import type { RunState } from "../run-state.js";
import { resolveBlobs } from "./blobs.js";
import { readIfExists } from "./load.js";
import { listDirectory } from "./owner.js";
import { corruptError, newestFirst } from "./run-list.js";
import type { StoreContext } from "./store-context.js";
import { decodeView } from "./view.js";

/** The archived runs of the loop with exactly that name, newest `started_at` first. */
export function readHistory(context: StoreContext, loop: string): RunList<RunState> {
  const { fs, layout } = context;
  const runs: RunState[] = [];
  const corrupt: CorruptRun[] = [];
  for (const runId of listDirectory(fs, layout.history(loop))) {
    if (runId.startsWith(".")) continue; // An archive that is being made.
    const paths = layout.archive(loop, runId);
    try {
      const bytes = readIfExists(fs, paths.state);
      if (bytes === null) continue;
      const { state, position, updatedAt } = decodeView(bytes, paths.state);
      // The directory is the id by which the original system's events are found, whatever else the file says.
      const id = position === null ? runId : state.run_id;
      runs.push({ ...resolveBlobs(fs, paths.blobs, state), run_id: id, updated_at: updatedAt });
    } catch (error) {
      corrupt.push({ where: paths.state, error: corruptError(error) });
    }
  }
  return { runs: runs.sort(newestFirst), corrupt };
}
