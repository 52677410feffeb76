import type { DeliveryErrorKind } from "@loops/core";

/** How a batch has failed that was answered with a status other than 2xx. */
export interface ResponseFailure {
  readonly kind: DeliveryErrorKind;
  /** What it means, and what to do. */
  readonly means: string;
}

/**
 * What an answer means for the batch; `undefined`: delivered. Pure.
 *
 * @param splitRefused whether a batch that is malformed or unprocessable is split, to find the event that is
 */
export function responseFailure(status: number, splitRefused: boolean): ResponseFailure | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return { kind: "retry", means: "it may pass" };
  }
  if (status === 413) return { kind: "too-large", means: "the batch is too large: lower maxBatchBytes" };
  if (status === 401 || status === 403) {
    return {
      kind: "disable",
      means: "the credentials are not accepted; nothing more is sent until the sink is made again with valid ones",
    };
  }
  if (status === 410) return { kind: "disable", means: "the endpoint is gone; nothing more is sent" };
  if (status >= 300 && status < 400) return { kind: "refused", means: "redirects are not followed: correct the url" };
  if (splitRefused && (status === 400 || status === 422)) {
    return { kind: "too-large", means: "refused: tried again in parts, until the event that is meant is alone" };
  }
  return { kind: "refused", means: "the batch is refused" };
}
