import { join } from "node:path";
import type { CorruptRun, RunList } from "@loops/core";
import type { RunState } from "../run-state.js";
import { resolveBlobs } from "./blobs.js";
import type { RunPaths } from "./layout.js";
import { legacyRunIdPattern } from "./legacy-state.js";
import { loadRun } from "./load.js";
import { listDirectory } from "./owner.js";
import { corruptError, newestFirst } from "./run-list.js";
import type { StoreContext } from "./store-context.js";
import { stateCorrupt } from "./store-errors.js";

/** A directory that an archived run may lie in. */
interface Place {
  readonly directory: string;
  readonly runId: string;
  paths(): RunPaths;
}

/** The archived runs of the loop with exactly that name, newest `started_at` first. */
export function readHistory(context: StoreContext, loop: string): RunList<RunState> {
  const runs: RunState[] = [];
  const corrupt: CorruptRun[] = [];
  for (const place of [...placesOf(context, loop), ...flatPlacesOf(context, loop)]) {
    try {
      const run = readArchived(context, place);
      if (run !== null) runs.push(run);
    } catch (error) {
      corrupt.push({ where: join(place.directory, "state.json"), error: corruptError(error) });
    }
  }
  return { runs: runs.sort(newestFirst), corrupt };
}

/** Where the events of an archived run lie, or would. */
export function archivedJournal({ fs, layout }: StoreContext, loop: string, runId: string): string {
  const { journal } = layout.archive(loop, runId);
  const flat = legacyRunIdPattern.test(runId) ? layout.flatArchive(loop, runId).journal : journal;
  return !fs.existsSync(journal) && fs.existsSync(flat) ? flat : journal;
}

function readArchived({ fs }: StoreContext, { runId, paths: find }: Place): RunState | null {
  const paths = find();
  const run = loadRun(fs, paths);
  if (run === null) return null;
  // The directory is the id by which the original system's events are found, whatever else the file says.
  const id = run.legacy ? runId : run.state.run_id;
  return { ...resolveBlobs(fs, paths.blobs, run.state), run_id: id, updated_at: run.updatedAt };
}

function placesOf({ fs, layout }: StoreContext, loop: string): readonly Place[] {
  const history = layout.history(loop);
  return listDirectory(fs, history)
    .filter((runId) => !runId.startsWith(".")) // An archive that is being made.
    .map((runId) => {
      const directory = join(history, runId);
      return { directory, runId, paths: () => archiveOf(directory, () => layout.archive(loop, runId)) };
    });
}

/** What the later version of the original system archived: `<run id>-<loop>`, beside the directories of loops. */
function flatPlacesOf({ fs, layout }: StoreContext, loop: string): readonly Place[] {
  return listDirectory(fs, layout.archives)
    .filter((name) => name.endsWith(`-${loop}`))
    .map((name) => ({ directory: join(layout.archives, name), runId: name.slice(0, -loop.length - 1) }))
    .filter(({ directory, runId }) => legacyRunIdPattern.test(runId) && fs.existsSync(join(directory, "state.json")))
    .map(({ directory, runId }) => ({ directory, runId, paths: () => layout.flatArchive(loop, runId) }));
}

/** @throws LoopsError `LOOPS_STATE_CORRUPT` for what somebody else put there: no id is called that */
function archiveOf(directory: string, find: () => RunPaths): RunPaths {
  try {
    return find();
  } catch (error) {
    throw stateCorrupt(directory, "this cannot be the id of a run", "Move it elsewhere; nothing here reads it.", error);
  }
}
