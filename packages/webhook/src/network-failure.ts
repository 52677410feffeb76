import { DeliveryError, errorMessage } from "@loops/core";

/**
 * What `fetch` threw as a failure that may pass. The reason lies in its causes, and is copied rather than kept: those of
 * the HTTP client may hold parts of the request or of what was received.
 */
export function networkFailure(error: unknown, shown: string, outcome: string): DeliveryError {
  const reason = reasonOf(error);
  const message = `[webhook] POST to ${shown} failed: ${reason.message}${outcome}`;
  return new DeliveryError(message, { kind: "retry", cause: reason });
}

function reasonOf(error: unknown): Error {
  let deepest: { code?: unknown; cause?: unknown } = Object(error);
  while (typeof deepest.cause === "object" && deepest.cause !== null) deepest = deepest.cause;
  const code = typeof deepest.code === "string" ? deepest.code : undefined;
  const text = errorMessage(deepest);
  // The one of several addresses has no message of its own.
  const message = [code, text].filter((part, index, parts) => part && parts.indexOf(part) === index).join(": ");
  return Object.assign(new Error(message || "unknown"), code !== undefined && { code });
}
