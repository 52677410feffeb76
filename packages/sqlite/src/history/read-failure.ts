import { errorMessage, isLoopsError, LoopsError } from "@loops/core";
import { failureOf } from "../database/failure.js";
import { whileBusy } from "../database/open-database.js";

/** For so long a question waits for a lock of another process. */
const lockTimeoutMs = 2000;

/**
 * Asks the database, again while it is locked.
 *
 * @throws LoopsError `LOOPS_HISTORY_BUSY` while somebody holds the lock, else `LOOPS_HISTORY_READ`; the cause is kept
 */
export async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await whileBusy(question, lockTimeoutMs);
  } catch (cause) {
    if (isLoopsError(cause)) throw cause;
    if (failureOf(cause) === "busy") {
      throw new LoopsError("LOOPS_HISTORY_BUSY", "[sqlite] the database is locked by another process; try again", {
        cause,
      });
    }
    throw new LoopsError("LOOPS_HISTORY_READ", `[sqlite] the database did not answer: ${errorMessage(cause)}`, {
      cause,
    });
  }
}
