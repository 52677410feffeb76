import { LoopsError } from "@loops/core";

let full: LoopsError | undefined;

/** One for many: making an error for each event that is dropped would cost more than the event. */
export function spoolFull(maxBytes: number): LoopsError {
  const what = `[webhook] the spool is full, events dropped: over maxBytes ${maxBytes}`;
  const message = `${what}; look why the receiver is down, or raise it`;
  if (full?.message !== message) full = new LoopsError("LOOPS_OVERFLOW", message);
  return full;
}

export function spoolDamaged(count: number): LoopsError {
  return new LoopsError("LOOPS_SPOOL_DAMAGED", `[webhook] ${count} lines of the spool are damaged or gone, skipped`);
}

/**
 * Why a flush ends before everything is delivered.
 *
 * @param halt what stopped the sink, if it has stopped
 */
export function undelivered(count: number, halt: unknown): LoopsError {
  const left = `${count} events undelivered; they stay in the spool`;
  if (halt === undefined) {
    return new LoopsError("LOOPS_FLUSH_TIMEOUT", `[webhook] flush ended with ${left}`);
  }
  return new LoopsError("LOOPS_FLUSH_INCOMPLETE", `[webhook] the sink has stopped with ${left}`, { cause: halt });
}
