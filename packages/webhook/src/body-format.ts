import { DeliveryError, errorMessage, type LoopEvent } from "@loops/core";
import { jsonArray } from "./batch-id.js";
import { toCloudEvent } from "./cloud-event.js";
import type { WebhookBody, WebhookFormat } from "./webhook-options.js";

/** What makes a request body of a batch. */
export interface BodyFormat {
  readonly contentType: string;
  /**
   * `null`: nothing is to be sent.
   *
   * @param array the JSON array of `texts`, as UTF-8
   * @throws DeliveryError `refused`
   */
  encode(texts: readonly string[], array: Buffer): Buffer | null;
}

/** @param source of CloudEvents */
export function bodyFormat(format: WebhookFormat, source: string): BodyFormat {
  if (format === "ndjson") {
    return { contentType: "application/x-ndjson", encode: (texts) => Buffer.from(`${texts.join("\n")}\n`) };
  }
  if (format === "cloudevents") {
    const asCloudEvent = (text: string) => JSON.stringify(toCloudEvent(JSON.parse(text), source));
    return {
      contentType: "application/cloudevents-batch+json; charset=utf-8",
      encode: (texts) => Buffer.from(jsonArray(texts.map(asCloudEvent))),
    };
  }
  return { contentType: "application/json", encode: (_texts, array) => array };
}

/** A body of the caller's own making. */
export function transformedBody(transform: (events: readonly LoopEvent[]) => WebhookBody): BodyFormat {
  return {
    contentType: "application/json",
    encode(texts) {
      try {
        const body: unknown = transform(texts.map((text) => JSON.parse(text)));
        if (body === null) return null;
        if (typeof body === "string") return Buffer.from(body);
        // Nobody waits for it: without this, one that rejects would end the process.
        if (body instanceof Promise) body.catch(() => {});
        else if (isJsonObject(body)) return Buffer.from(JSON.stringify(body));
        throw new TypeError("it must return at once a text, an object or array for JSON, or null to skip the batch");
      } catch (cause) {
        throw new DeliveryError(`[webhook] transform failed: ${errorMessage(cause)}`, { kind: "refused", cause });
      }
    },
  };
}

/** Bytes, form data and maps are objects, too, but as JSON they would be empty or of no use to anybody. */
function isJsonObject(body: unknown): body is object {
  if (typeof body !== "object" || body === null || "then" in body) return false;
  return Array.isArray(body) || !(Symbol.iterator in body);
}
