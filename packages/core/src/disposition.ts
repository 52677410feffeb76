import type { DeliveryError } from "./delivery-error.js";
import { isLoopsError } from "./errors.js";

/** What becomes of the items of a batch whose write failed: each is in exactly one list, order kept within each. */
export interface Disposition<T> {
  readonly delivered: readonly T[];
  readonly deadLetters: readonly T[];
  /** To be written again, as these batches, in this order. */
  readonly again: readonly T[][];
  /** Before anything is written again: `true` is a pause of the queue's choice, a number was asked for (ms). */
  readonly pause: boolean | number;
  /** The sink stops for good. */
  readonly disable: boolean;
}

/**
 * Decides how to go on after a failed write. Pure.
 *
 * @param retriesLeft whether the batch may be tried again for a passing reason
 */
export function disposeOf<T>(items: T[], error: unknown, retriesLeft: boolean): Disposition<T> {
  const failure = isLoopsError(error, "LOOPS_DELIVERY") ? (error as DeliveryError) : undefined;
  const kind = failure?.kind ?? "retry";
  const none = { delivered: [], deadLetters: [], again: [], pause: false, disable: false };
  if (kind === "disable") return { ...none, disable: true };

  const chosen = Array.isArray(failure?.failedIndexes) ? new Set(failure.failedIndexes) : undefined;
  const failed = chosen ? items.filter((_, index) => chosen.has(index)) : items;
  const others = chosen ? items.filter((_, index) => !chosen.has(index)) : [];
  const [delivered, rest] = failure?.othersDelivered ? [others, []] : [[], others];

  if (kind === "retry" && retriesLeft) {
    return {
      ...none,
      delivered,
      again: [failure?.othersDelivered ? failed : items],
      pause: failure?.retryAfterMs ?? true,
    };
  }
  if (kind === "too-large" && failed.length > 1) {
    const half = failed.length >> 1;
    return { ...none, delivered, again: [failed.slice(0, half), failed.slice(half), rest] };
  }
  return { ...none, delivered, deadLetters: failed, again: [rest] };
}
