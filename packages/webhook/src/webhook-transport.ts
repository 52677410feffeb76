import {
  type BatchTransport,
  batchTransport,
  createReporter,
  type TransportContext,
  type TransportStats,
  warnOnError,
} from "@loops/core";
import { BatchPoster } from "./batch-poster.js";
import { deadLetterKeeper } from "./dead-letters.js";
import { SpooledDelivery } from "./spool/spooled-delivery.js";
import { resolveOptions, type WebhookTransportOptions } from "./webhook-options.js";

/** A sink that posts events to an HTTP endpoint. */
export interface WebhookTransport extends BatchTransport {
  readonly name: "webhook";
}

/**
 * Posts events to an HTTP endpoint, in batches, one request at a time.
 *
 * Guarantee: at least once, in emit order; `delivered` means that the endpoint answered 2xx. A batch keeps its
 * `webhook-id` in all of its attempts. 408, 425, 429, 5xx and network errors are tried again, with full jitter or as
 * `Retry-After` says; 413 splits; 401, 403 and 410 stop the sink; everything else is a dead letter. Above the bounds of
 * the queue events are dropped and counted (`overflow`).
 *
 * Without a spool a crash loses what waits in memory. With one, an event is on disk when `emit` returns, and is
 * delivered by this process or by the next that has the same spool.
 *
 * @throws LoopsError `LOOPS_CONFIG` for options of the wrong kind, `LOOPS_FILE_OWNED` for a spool that another sink has,
 * and what the file system says of a spool that cannot be opened
 */
export function webhookTransport(given: WebhookTransportOptions): WebhookTransport {
  const options = resolveOptions(given);
  const poster = new BatchPoster(options);
  let report: TransportContext["report"] = createReporter("webhook", options.onError ?? warnOnError);
  const keep = deadLetterKeeper(options, (error) => report(error));
  const attached = (context: TransportContext) => {
    if (options.onError === undefined) report = (error) => context.report(error);
  };
  const common = {
    name: "webhook",
    flushIntervalMs: options.flushIntervalMs,
    maxBatchItems: options.maxBatchItems,
    maxBatchBytes: options.maxBatchBytes,
    writeTimeoutMs: options.timeoutMs,
    flushTimeoutMs: options.flushTimeoutMs,
    closeTimeoutMs: options.closeTimeoutMs,
    exitGraceMs: options.exitGraceMs,
    retry: { maxRetries: options.maxRetries, baseMs: options.retryBaseMs, maxMs: options.maxRetryMs },
    onError: options.onError,
  };
  if (options.spool !== undefined) {
    const { maxQueueItems, maxQueueBytes, spool } = options;
    const delivery = new SpooledDelivery({ ...common, maxQueueItems, maxQueueBytes, poster, keep, spool });
    return {
      name: "webhook",
      attach(context) {
        attached(context);
        delivery.attach(context);
      },
      send: (_event, encoded) => delivery.send(encoded),
      flush: (deadline) => delivery.flush(deadline),
      close: (deadline) => delivery.close(deadline),
      stats: () => delivery.stats(),
    };
  }
  const queue = batchTransport({
    ...common,
    maxQueueItems: options.maxQueueItems,
    maxQueueBytes: options.maxQueueBytes,
    overflow: options.overflow,
    ...(keep !== undefined && { onDeadLetter: keep }),
    write: (texts, context) => poster.post(texts, context),
  });
  return {
    ...queue,
    name: "webhook",
    attach(context) {
      attached(context);
      queue.attach(context);
    },
    stats: () => withSkipped(queue.stats(), poster.skipped),
  };
}

/** What was skipped has succeeded for the queue, but was delivered to nobody. */
function withSkipped(stats: TransportStats, skipped: number): TransportStats {
  if (skipped === 0) return stats;
  return { ...stats, delivered: stats.delivered - skipped, dropped: { ...stats.dropped, skipped } };
}
