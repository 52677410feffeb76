import { errorMessage, isLoopsError, LoopsError } from "@loops/core";

/** Somebody has deleted the stream or the group, maybe while a read waited for it. */
export function isGroupLost(error: unknown): boolean {
  return /^(NOGROUP|UNBLOCKED)\b/.test(errorMessage(error));
}

/** The server is there but must not, or cannot yet, do the work: another one may, so the connection is made anew. */
export function isWrongServer(error: unknown): boolean {
  return /^(READONLY|MASTERDOWN|-?ERR Error running script.*READONLY)\b/.test(errorMessage(error));
}

/** Nothing could be asked, of anybody. */
export function isOutage(error: unknown): boolean {
  return isLoopsError(error, "LOOPS_REDIS_CONNECTION") || /^(LOADING|CLUSTERDOWN)\b/.test(errorMessage(error));
}

/** What the server refused, as an error that says what it means for the group. */
export function groupError(error: unknown, group: string): unknown {
  if (isLoopsError(error)) return error;
  const message = `[redis-stream] the group ${group} goes on trying: ${errorMessage(error)}`;
  return new LoopsError("LOOPS_GROUP", message, { cause: error });
}
