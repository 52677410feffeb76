/** Why an entry became a dead letter. */
export type DeadReason =
  /** It holds no event. */
  | "malformed"
  /** The handler threw, or took too long, at its last delivery. */
  | "handler_failed"
  /** Its consumers died over it, or lost it, as often as it may be delivered. */
  | "max_deliveries";

type BeforeHandling = { readonly do: "handle" } | { readonly do: "bury"; readonly reason: DeadReason };

/**
 * What to do with an entry that has been given to this consumer. One that can never be read is not tried again.
 *
 * @param deliveries how often it was given to a consumer, this time counted
 */
export function beforeHandling(deliveries: number, malformed: boolean, maxDeliveries: number): BeforeHandling {
  if (malformed) return { do: "bury", reason: "malformed" };
  if (deliveries > maxDeliveries) return { do: "bury", reason: "max_deliveries" };
  return { do: "handle" };
}

type AfterFailure =
  | { readonly do: "bury"; readonly reason: DeadReason }
  /** It is nobody's for `pauseMs`; then whoever looks first takes it. */
  | { readonly do: "retry"; readonly pauseMs: number };

/** The bounds of a pause, as in core's `RetryOptions`. */
interface RetryBounds {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * What to do with an entry whose handler failed. The pause is doubled with each delivery, between one half and all of
 * its bound: jitter, but never at once. Redis cannot count a time to come, so it is at most `claimIdleMs`.
 */
export function afterFailure(
  deliveries: number,
  {
    maxDeliveries,
    retry,
    claimIdleMs,
  }: { readonly maxDeliveries: number; readonly retry: RetryBounds; readonly claimIdleMs: number },
  random: () => number = Math.random,
): AfterFailure {
  if (deliveries >= maxDeliveries) return { do: "bury", reason: "handler_failed" };
  const bound = Math.min(retry.maxMs, claimIdleMs, retry.baseMs * 2 ** (deliveries - 1));
  return { do: "retry", pauseMs: Math.round(bound * (0.5 + random() / 2)) };
}

/** How long an entry has to count as idle now, to be claimed by others after `pauseMs` and not before. */
export function idleForPause(pauseMs: number, claimIdleMs: number): number {
  return Math.max(0, claimIdleMs - pauseMs);
}

/**
 * Whether an entry is certainly still ours: nobody may have claimed one that Redis has seen as ours within
 * `claimIdleMs`. A consumer that was stopped for longer than that has to ask before it begins anything.
 *
 * @param confirmedAt when the command was sent, not answered, that showed it as ours
 */
export function certainlyOurs(confirmedAt: number, now: number, claimIdleMs: number): boolean {
  return now - confirmedAt < claimIdleMs;
}

/** More than so many whose acknowledgement has no answer yet: Redis is to catch up first. */
const MAX_UNANSWERED = 2000;

/**
 * How many entries may be read from each of `streams` streams, so that at most `count` wait beside those being handled.
 * None while half a batch waits, so that a busy consumer does not read entries one by one.
 */
export function readCount(
  { held, queued, running }: { readonly held: number; readonly queued: number; readonly running: number },
  {
    concurrency,
    count,
    maxDeliveries,
  }: { readonly concurrency: number; readonly count: number; readonly maxDeliveries: number },
  streams: number,
): number {
  // An entry that may be delivered once must not be counted as delivered while it waits for its turn.
  const ahead = maxDeliveries === 1 ? 0 : count;
  if (queued > ahead / 2 || held - queued - running > MAX_UNANSWERED) return 0;
  const free = Math.min(count, concurrency + ahead - queued - running);
  return free <= 0 ? 0 : Math.ceil(free / streams);
}
