import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { DeliveryError, type WriteContext } from "@loops/core";
import { batchId, jsonArray } from "./batch-id.js";
import { type BodyFormat, bodyFormat, transformedBody } from "./body-format.js";
import { drainBody } from "./drain-body.js";
import { networkFailure } from "./network-failure.js";
import { responseFailure } from "./response-failure.js";
import { retryAfterMs } from "./retry-after.js";
import { signatures } from "./signature.js";
import type { ResolvedOptions } from "./webhook-options.js";

/** A batch as it is sent: the same for each attempt. */
interface PreparedBatch {
  readonly id: string;
  /** What is signed. */
  readonly body: Buffer;
  /** What is sent: the body, or it compressed. */
  sent: Buffer;
  compressed: boolean;
}

const compress = promisify(gzip);

/** Posts batches, one attempt at a time, and says how each failed. */
export class BatchPoster {
  /** Events for which `transform` returned `null`. */
  skipped = 0;
  readonly #options: ResolvedOptions;
  readonly #format: BodyFormat;
  readonly #headers: Readonly<Record<string, string>>;
  /** That of the last attempt, if it failed: only the head of the queue is tried again. */
  #last: PreparedBatch | undefined;

  constructor(options: ResolvedOptions) {
    const { transform, format, source, endpoint } = options;
    this.#options = options;
    this.#format = transform === undefined ? bodyFormat(format, source) : transformedBody(transform);
    this.#headers = { "content-type": this.#format.contentType, "user-agent": "loops-webhook", ...endpoint.headers };
  }

  /**
   * Returns nothing if the batch is skipped, in the same turn, so that the accounts never disagree.
   *
   * @param texts the JSON of the events
   * @throws DeliveryError
   */
  post(texts: readonly string[], context: WriteContext): Promise<void> | undefined {
    const array = Buffer.from(jsonArray(texts));
    const id = batchId(array);
    if (this.#last?.id !== id) {
      const body = this.#format.encode(texts, array);
      if (body === null) {
        this.skipped += texts.length;
        return undefined;
      }
      this.#last = { id, body, sent: body, compressed: false };
    }
    return this.#attempt(this.#last, context);
  }

  async #attempt(batch: PreparedBatch, { signal, attempt }: WriteContext): Promise<void> {
    const { endpoint, maxRetries, gzipMinBytes, splitRefused, maxRetryAfterMs, timeoutMs } = this.#options;
    const begun = performance.now();
    const outcome = attempt < maxRetries ? "" : `; given up after ${attempt} retries`;
    if (!batch.compressed && batch.body.length >= gzipMinBytes) {
      batch.sent = await compress(batch.body);
      batch.compressed = true;
    }
    let response: Response;
    try {
      const headers = this.#headersOf(batch);
      response = await fetch(endpoint.href, { method: "POST", headers, body: batch.sent, redirect: "manual", signal });
    } catch (error) {
      throw networkFailure(error, endpoint.shown, outcome);
    }
    // It must not take the rest of the time: the attempt would be made again, although its status is known.
    await drainBody(response.body, (timeoutMs - (performance.now() - begun)) / 2);
    const { status, headers } = response;
    const failure = responseFailure(status, splitRefused);
    if (failure === undefined) {
      this.#last = undefined;
      return;
    }
    const { kind, means } = failure;
    const retry = kind === "retry";
    const message = `[webhook] POST to ${endpoint.shown} was answered ${status}: ${means}${retry ? outcome : ""}`;
    throw new DeliveryError(message, {
      kind,
      retryAfterMs: retry ? retryAfterMs(headers.get("retry-after"), Date.now(), maxRetryAfterMs) : undefined,
    });
  }

  #headersOf({ id, body, compressed }: PreparedBatch): Record<string, string> {
    const { keys } = this.#options;
    const timestamp = String(Math.floor(Date.now() / 1000));
    return {
      ...this.#headers,
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      ...(keys.length > 0 && { "webhook-signature": signatures(keys, id, timestamp, body) }),
      ...(compressed && { "content-encoding": "gzip" }),
    };
  }
}
