import { createHmac } from "node:crypto";
import { LoopsError } from "@loops/core";

/** A key for signing, made of a secret by {@link parseSecrets}. */
export type SigningKey = Buffer;

const prefix = "whsec_";
const minKeyBytes = 24;

/**
 * Secrets of the form `whsec_<base64>` as keys; the prefix may be missing.
 *
 * @throws LoopsError `LOOPS_CONFIG`, which never shows the secret
 */
export function parseSecrets(given: string | readonly string[]): readonly SigningKey[] {
  const secrets = typeof given === "string" ? [given] : given;
  if (!Array.isArray(secrets) || secrets.length === 0) throw wrong("must be a text or a list of texts");
  return secrets.map((secret: unknown) => {
    if (typeof secret !== "string") throw wrong("must be a text or a list of texts");
    const text = secret.startsWith(prefix) ? secret.slice(prefix.length) : secret;
    // Buffer.from skips what is no base64, so a mistyped secret would be another, valid one.
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
      throw wrong(`must be "${prefix}" and base64`);
    }
    const key = Buffer.from(text, "base64");
    if (key.length < minKeyBytes) throw wrong(`must have ${minKeyBytes} bytes or more, not ${key.length}`);
    return key;
  });
}

/**
 * The value of `webhook-signature`: one signature for each key, separated by blanks, so that receivers can change from
 * one to the next at any time.
 *
 * @param timestamp seconds since 1970, as text
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatures(keys: readonly SigningKey[], id: string, timestamp: string, body: string | Uint8Array) {
  return keys.map((key) => signature(key, id, timestamp, body)).join(" ");
}

export function signature(key: SigningKey, id: string, timestamp: string, body: string | Uint8Array): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64")}`;
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[webhook] secret ${what}; make one of 24 to 64 random bytes`);
}
