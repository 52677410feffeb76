import type { CreateTransport } from "@loops/core";
import { LoopsError } from "@loops/core";
import { camelKeys, checkKnownOptions } from "@loops/core/names";
import { configurable, type WebhookTransportOptions } from "./webhook-options.js";
import { webhookTransport } from "./webhook-transport.js";

/**
 * For `wireTransports`: options as for {@link webhookTransport}, those of `spool` in snake_case too; paths lie below the
 * base directory. `batch_ms` is another name of `flush_interval_ms`. Without a `url` nothing is wired, which is warned
 * about.
 *
 * @throws LoopsError as {@link webhookTransport} does
 */
export const createTransport: CreateTransport = (options, { resolvePath, warn }) => {
  const given = withoutNull(options);
  if (given["url"] === undefined) {
    warn("[webhook] skipped: it has no url; set url in its section of the configuration");
    return null;
  }
  checkKnownOptions("webhook", given, [...configurable, "batchMs"]);
  const { batchMs, spool, deadLetterPath, ...rest } = given;
  return webhookTransport({
    ...(batchMs !== undefined && { flushIntervalMs: batchMs }),
    ...rest,
    ...(deadLetterPath !== undefined && { deadLetterPath: resolved("dead_letter_path", deadLetterPath, resolvePath) }),
    ...(spool !== undefined && { spool: spoolOf(spool, resolvePath) }),
  } as unknown as WebhookTransportOptions);
};

/** What is no object stays what it is: the transport says what is wrong with it. */
function spoolOf(given: unknown, resolvePath: (path: string) => string): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  const { path = "webhook-spool", ...rest } = withoutNull(camelKeys(given));
  return { path: resolved("spool.path", path, resolvePath), ...rest };
}

function resolved(name: string, path: unknown, resolvePath: (path: string) => string): string {
  if (typeof path !== "string") throw new LoopsError("LOOPS_CONFIG", `[webhook] ${name} must be a text`);
  return resolvePath(path);
}

/** `null` in a file is a key that was left empty. */
function withoutNull(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null));
}
