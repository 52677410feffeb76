import { errorMessage, LoopsError } from "@loops/core";

const name = "[sql-store]";

export function writeFailed(what: string, cause: unknown): LoopsError {
  const message = `${name} ${what} could not be written: ${errorMessage(cause)}. Make the database writable again, then resume the run.`;
  return new LoopsError("LOOPS_STORE_WRITE", message, { cause });
}

export function readFailed(what: string, cause: unknown): LoopsError {
  const message = `${name} ${what} could not be read: ${errorMessage(cause)}. Look whether the database can be reached.`;
  return new LoopsError("LOOPS_STORE_READ", message, { cause });
}

export function storeClosed(): LoopsError {
  return new LoopsError("LOOPS_STORE_READ", `${name} the store is closed. Close it when its runs have ended.`);
}

export function stateCorrupt(runId: string, problem: string, cause?: unknown): LoopsError {
  const remedy = "Mend its rows in loop_run_states and loop_run_events, or delete the run from the three tables.";
  return new LoopsError("LOOPS_STATE_CORRUPT", `${name} ${whereOf(runId)}: ${problem}. ${remedy}`, { cause });
}

/** Where a run lies, for people. */
export function whereOf(runId: string): string {
  return `loop_runs/${runId}`;
}

export function leaseLost(runId: string, epoch: number): LoopsError {
  const message = `${name} run ${runId}: another owner has taken it over from epoch ${epoch}. Nothing more is written from here.`;
  return new LoopsError("LOOPS_LEASE_LOST", message);
}

export function leaseOver(runId: string, cause: unknown): LoopsError {
  const message =
    `${name} run ${runId}: the lease could not be renewed in time (${errorMessage(cause)}), so that another owner may ` +
    "have it. Nothing more is written from here; resume the run once the database can be reached.";
  return new LoopsError("LOOPS_LEASE_LOST", message, { cause });
}

export function runNotFound(runId: string): LoopsError {
  return new LoopsError("LOOPS_RUN_NOT_FOUND", `${name} there is no run ${runId}. List the runs to see their ids.`);
}

export function runOwned(runId: string, owner: string): LoopsError {
  return new LoopsError("LOOPS_RUN_OWNED", `${name} run ${runId} is owned by ${owner}. Wait for it or stop it.`);
}

export function runNotEnded(runId: string, status: string): LoopsError {
  const message = `${name} run ${runId} is ${status} and can be gone on with. Resume it, or start its loop anew, which archives it.`;
  return new LoopsError("LOOPS_RUN_NOT_ENDED", message);
}

export function runExists(runId: string): LoopsError {
  const message = `${name} there is a run ${runId} already. Give the new one an id of its own.`;
  return new LoopsError("LOOPS_RUN_EXISTS", message);
}

export function notACommit(runId: string, problem: string, cause?: unknown): LoopsError {
  return new LoopsError("LOOPS_COMMIT", `${name} run ${runId}: ${problem}`, { cause });
}
