import { type CreateTransport, LoopsError } from "@loops/core";
import type { JsonlTransportOptions } from "./jsonl-options.js";
import { jsonlTransport } from "./jsonl-transport.js";

const known = [
  "path",
  "mode",
  "rotate",
  "fsync",
  "async",
  "maxBatchBytes",
  "flushIntervalMs",
  "maxQueueItems",
  "maxQueueBytes",
  "overflow",
  "maxRetryMs",
  "closeTimeoutMs",
];

/**
 * For `wireTransports`: options as for {@link jsonlTransport}, those of `rotate` in snake_case too; `path` lies below
 * the base directory, `events.jsonl` by default.
 */
export const createTransport: CreateTransport = (options, { resolvePath, warn }) => {
  const path = options["path"] ?? "events.jsonl";
  if (typeof path !== "string") {
    throw new LoopsError("LOOPS_CONFIG", `[jsonl] path must be a text, not ${JSON.stringify(path)}`);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      warn(`[jsonl] the option ${name} is not known and has no effect; known are ${known.join(", ")}`);
  }
  const rotate = camelKeys(options["rotate"]);
  return jsonlTransport({ ...(options as Partial<JsonlTransportOptions>), path: resolvePath(path), rotate });
};

/** What is no object stays what it is: the transport says what is wrong with it. `null` is a section left empty. */
function camelKeys(given: unknown): JsonlTransportOptions["rotate"] {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return (given ?? undefined) as undefined;
  const camel = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [camel(key), value]));
}
