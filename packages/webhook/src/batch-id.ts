import { createHash } from "node:crypto";

/** The JSON array of a batch. */
export function jsonArray(texts: readonly string[]): string {
  return `[${texts.join(",")}]`;
}

/**
 * The id of a batch, from its content: the same for each attempt and after a restart, another one for each part of a
 * batch that was split. Each event holds an id of its own, so no two batches are alike.
 *
 * @param array {@link jsonArray} of the batch
 */
export function batchId(array: string | Uint8Array): string {
  const digest = createHash("sha256").update(array).digest();
  return `msg_${digest.subarray(0, 20).toString("base64url")}`;
}
