import { errorMessage, LoopsError, type OwnerIdentity } from "@loops/core";

/**
 * Wraps what the system reported while the store wrote.
 *
 * @param hasBegun whether there is a run that can be gone on with
 */
export function writeFailed(path: string, cause: unknown, hasBegun = false): LoopsError {
  const next = hasBegun ? "resume the run" : "try again";
  return new LoopsError(
    "LOOPS_STORE_WRITE",
    `[file-store] cannot write ${path}: ${errorMessage(cause)}. Make it writable (space, permissions, directory), then ${next}.`,
    { cause },
  );
}

/** Wraps what the system reported where the store could not even look. */
export function readFailed(path: string, cause: unknown, remedy = lookRemedy): LoopsError {
  return new LoopsError("LOOPS_STORE_READ", `[file-store] cannot read ${path}: ${errorMessage(cause)}. ${remedy}`, {
    cause,
  });
}

const lookRemedy = "Check that it is a directory and that you may read it.";

export function stateCorrupt(path: string, problem: string, remedy: string, cause?: unknown): LoopsError {
  return new LoopsError("LOOPS_STATE_CORRUPT", `[file-store] ${path}: ${problem}. ${remedy}`, { cause });
}

export function runOwned(runId: string, owner: OwnerIdentity, ownerPath: string, elsewhere: boolean): LoopsError {
  const advice = elsewhere
    ? `Whether it lives cannot be seen from here. If you know that it is dead, remove ${ownerPath}.`
    : "Wait for it or stop it.";
  return new LoopsError(
    "LOOPS_RUN_OWNED",
    `[file-store] run ${runId} is owned by process ${owner.pid} on ${owner.host}. ${advice}`,
  );
}

export function leaseLost(runId: string, epoch: number): LoopsError {
  return new LoopsError(
    "LOOPS_LEASE_LOST",
    `[store] run ${runId}: another owner has taken it over from epoch ${epoch}. Nothing more is written from here.`,
  );
}

export function runNotFound(runId: string): LoopsError {
  return new LoopsError("LOOPS_RUN_NOT_FOUND", `[store] there is no run ${runId}. List the runs to see their ids.`);
}

export function runNotEnded(runId: string, status: string): LoopsError {
  return new LoopsError(
    "LOOPS_RUN_NOT_ENDED",
    `[store] run ${runId} is ${status} and can be gone on with. Resume it, or start its loop anew, which archives it.`,
  );
}

export function runExists(runId: string): LoopsError {
  return new LoopsError(
    "LOOPS_RUN_EXISTS",
    `[store] there is a run ${runId} already. Give the new one an id of its own.`,
  );
}

export function notACommit(runId: string, problem: string, cause?: unknown): LoopsError {
  return new LoopsError("LOOPS_COMMIT", `[store] run ${runId}: ${problem}`, { cause });
}
