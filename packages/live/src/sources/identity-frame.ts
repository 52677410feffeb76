import type { StoredRun } from "@loops/core";
import type { RunFrame } from "../model/frame.js";

/** What stays the same while a run goes on, from its stored state: what its events do not tell. */
export function identityFrame(run: StoredRun): RunFrame {
  const { run_id, loop_name, parent_run_id = null, depth, started_at, definition, definition_hash } = run;
  return { run_id, loop: loop_name, parent_run_id, depth, started_at, definition, definition_hash };
}

/** How it stands, for runs of which the events do not tell it: those of the original system, or of a process that died. */
export function statusFrame(run: StoredRun, alive: boolean): RunFrame {
  const { run_id, status, current_state, iteration, terminated_by, error } = run;
  return { run_id, status, alive, current_state, iteration, terminated_by, error };
}
