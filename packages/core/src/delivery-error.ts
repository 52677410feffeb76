import { LoopsError } from "./errors.js";

/**
 * How a write failed:
 *
 * - `retry`: may succeed later; after as many retries as allowed the items are dead-lettered
 * - `too-large`: the batch is split and written in parts; a single item is dead-lettered
 * - `refused`: will never succeed; the items are dead-lettered
 * - `disable`: the sink stops for good; everything queued is dropped and counted
 */
export type DeliveryErrorKind = "retry" | "too-large" | "refused" | "disable";

export interface DeliveryErrorOptions extends ErrorOptions {
  readonly kind: DeliveryErrorKind;
  /** For `retry`: not before so many milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Positions in the batch that the error is about. @default all */
  readonly failedIndexes?: readonly number[] | undefined;
  /** Whether the items that `failedIndexes` does not name have arrived; if not, they are written again. @default false */
  readonly othersDelivered?: boolean | undefined;
}

/** What a `write` of {@link batchTransport} throws to say how it failed. Anything else thrown counts as `retry`. */
export class DeliveryError extends LoopsError {
  readonly kind: DeliveryErrorKind;
  readonly retryAfterMs: number | undefined;
  readonly failedIndexes: readonly number[] | undefined;
  readonly othersDelivered: boolean;

  constructor(message: string, options: DeliveryErrorOptions) {
    super("LOOPS_DELIVERY", message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "DeliveryError";
    this.kind = options.kind;
    this.retryAfterMs = options.retryAfterMs;
    this.failedIndexes = options.failedIndexes;
    this.othersDelivered = options.othersDelivered ?? false;
  }
}
