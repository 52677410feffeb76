import { LoopsError } from "@loops/core";
import type { RunState } from "../run-state.js";
import { hasEnded } from "../store/has-ended.js";
import { isChild } from "../store/run-list.js";
import type { Effects } from "./effects.js";

const maxNamed = 5;

/**
 * The error of a run that cannot be gone on with, which was asked for by the name of its loop: a name stands for the newest
 * run, and a killed one that is older can be meant. Where there are such, the error names them.
 */
export async function namingOtherOpenRuns(error: LoopsError, found: RunState, { store }: Effects): Promise<LoopsError> {
  const { runs } = await store.list();
  const open = runs.filter((run) => run.loop_name === found.loop_name && !isChild(run) && !hasEnded(run.status));
  const others = open.filter(({ run_id }) => run_id !== found.run_id);
  const owned = await Promise.all(others.map(async ({ run_id }) => store.isOwned(run_id)));
  const ids = others.filter((_run, index) => owned[index] === false).map(({ run_id }) => run_id);
  if (ids.length === 0) return error;
  const named = ids.length > maxNamed ? [...ids.slice(0, maxNamed), `${ids.length - maxNamed} more`] : ids;
  const message = `${error.message} Runs of the same loop that can be gone on with by their id: ${named.join(", ")}.`;
  return new LoopsError(error.code, message, { cause: error });
}
