import { DeliveryError, errorMessage, isLoopsError } from "@loops/core";
import { type FailureKind, failureOf } from "../database/failure.js";
import { RefusedRows } from "./file-writer.js";

const told: Readonly<Record<FailureKind, string>> = {
  busy: "is locked by another process; events wait",
  full: "has no room: free some, or prune; events wait",
  "read-only": "cannot be written: look at its permissions; events wait",
  corrupt: "is damaged, or is no database: move it away, and a new one is made; events wait",
  unavailable: "cannot be opened or reached; events wait",
  refused: "refuses an event",
  other: "refused a batch; it is tried again",
};

/** Says to the delivery queue how a write failed. What may pass is tried again for ever. */
export function deliveryFailure(error: unknown, where: string): DeliveryError {
  if (isLoopsError(error, "LOOPS_DELIVERY")) return error as DeliveryError;
  if (error instanceof RefusedRows) {
    const { indexes, cause } = error;
    const message = `[sqlite] ${where} refuses ${indexes.length} events: ${errorMessage(cause)}`;
    return new DeliveryError(message, { kind: "refused", failedIndexes: indexes, cause });
  }
  // A program cannot learn a later version of the tables while it runs.
  if (isLoopsError(error, "LOOPS_SCHEMA_NEWER"))
    return new DeliveryError(error.message, { kind: "disable", cause: error });
  const kind = failureOf(error);
  const message = `[sqlite] ${where} ${told[kind]} (${errorMessage(error)})`;
  // Which event it is about is not said: the batch is split until it is alone.
  return new DeliveryError(message, { kind: kind === "refused" ? "too-large" : "retry", cause: error });
}
