import { timingSafeEqual } from "node:crypto";
import { LoopsError } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import { parseSecrets, signature } from "./signature.js";

export interface VerifyWebhookOptions {
  /** Of the request: a `Headers` or anything with its `get`, or `request.headers` of Node. Names in any case. */
  readonly headers: Pick<Headers, "get"> | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The raw body, as it was received, uncompressed: parse it after this. */
  readonly body: string | Uint8Array;
  /** `whsec_<base64>`; with several, a signature by any of them is accepted. */
  readonly secret: string | readonly string[];
  /** How far the sender's clock may be from ours, and how old a message may be. @default 300000 */
  readonly toleranceMs?: number | undefined;
  /** @default Date.now() */
  readonly nowMs?: number | undefined;
}

export interface VerifiedWebhook {
  /** The same for each attempt at the same batch: whoever has seen it need not handle it again. */
  readonly id: string;
  /** When the attempt was made, in milliseconds since 1970. */
  readonly timestampMs: number;
}

/**
 * For receivers: whether a request was sent by somebody who has the secret, and not long ago. Standard Webhooks,
 * version `v1`; takes constant time over the secret.
 *
 * @throws LoopsError `LOOPS_SIGNATURE` for a request that is not to be trusted: answer it 401; `LOOPS_CONFIG` for wrong
 * arguments
 * @see https://www.standardwebhooks.com
 */
export function verifyWebhook(options: VerifyWebhookOptions): VerifiedWebhook {
  if (typeof options !== "object" || options === null) throw wrong("verifyWebhook needs { headers, body, secret }");
  checkKnownOptions("webhook", options, ["headers", "body", "secret", "toleranceMs", "nowMs"]);
  const { headers, body, toleranceMs = 300_000, nowMs = Date.now() } = options;
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    throw wrong("verifyWebhook needs the headers of the request: a Headers, or an object of names and texts");
  }
  if (typeof body !== "string" && !(body instanceof Uint8Array)) {
    throw wrong("verifyWebhook needs the raw body: a text or a Uint8Array, not parsed");
  }
  if (!(toleranceMs >= 0)) throw wrong("toleranceMs must be a number from 0");
  // Every message would be young enough.
  if (!Number.isFinite(nowMs)) throw wrong("nowMs must be a number of milliseconds");
  const keys = parseSecrets(options.secret);
  const id = headerOf(headers, "webhook-id");
  // A full stop ends it in what is signed: with one in it, the beginning of a signed body could pass for its time.
  if (id.includes(".")) throw refused("webhook-id has a full stop in it");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const given = headerOf(headers, "webhook-signature").split(" ");
  if (!/^\d{1,12}$/.test(timestamp)) throw refused("webhook-timestamp is no time");
  const timestampMs = Number(timestamp) * 1000;
  // Whole seconds, as the sender counts them.
  const age = Math.floor(nowMs / 1000) * 1000 - timestampMs;
  if (Math.abs(age) > toleranceMs) throw refused(age > 0 ? "the message is too old" : "the message is of the future");
  let matches = false;
  for (const key of keys) {
    const expected = Buffer.from(signature(key, id, timestamp, body));
    for (const one of given) matches = isEqual(Buffer.from(one), expected) || matches;
  }
  if (!matches) throw refused("no signature matches");
  return { id, timestampMs };
}

/** @throws LoopsError `LOOPS_SIGNATURE` where it is missing or empty */
function headerOf(headers: VerifyWebhookOptions["headers"], name: string): string {
  const value =
    typeof headers.get === "function"
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const text = Array.isArray(value) ? value.join(" ") : value;
  if (typeof text !== "string" || text === "") throw refused(`the header ${name} is missing`);
  return text;
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[webhook] ${what}`);
}

function refused(why: string): LoopsError {
  return new LoopsError("LOOPS_SIGNATURE", `[webhook] the request is not to be trusted: ${why}; answer 401`);
}
