/** How failed writes are tried again. */
export interface RetryOptions {
  /** Attempts after the first; `Infinity` never gives up. @default 3 */
  readonly maxRetries?: number | undefined;
  /** Upper bound of the first pause, doubled with each further one. @default 500 */
  readonly baseMs?: number | undefined;
  /** Upper bound of every pause. @default 8000 */
  readonly maxMs?: number | undefined;
}

export const retryDefaults = { maxRetries: 3, baseMs: 500, maxMs: 8000 };

/**
 * The pause before retry `attempt` (from 1): exponential backoff with full jitter, that is, uniform between 0 and the
 * bound, so that many clients of one failed server do not return together.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(
  attempt: number,
  options: Pick<typeof retryDefaults, "baseMs" | "maxMs">,
  random: () => number = Math.random,
): number {
  const bound = Math.min(options.maxMs, options.baseMs * 2 ** (attempt - 1));
  return random() * bound;
}
