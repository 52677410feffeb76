import { type CreateTransport, LoopsError } from "@loops/core";
import { type JsonlTransportOptions, jsonlTransport } from "./jsonl-transport.js";

const known = [
  "path",
  "mode",
  "maxBatchBytes",
  "flushIntervalMs",
  "maxQueueItems",
  "maxQueueBytes",
  "overflow",
  "maxRetryMs",
  "closeTimeoutMs",
];

/** For `wireTransports`: options as for {@link jsonlTransport}; `path` lies below the base directory, `events.jsonl` by default. */
export const createTransport: CreateTransport = (options, { resolvePath, warn }) => {
  const path = options["path"] ?? "events.jsonl";
  if (typeof path !== "string") {
    throw new LoopsError("LOOPS_CONFIG", `[jsonl] path must be a text, not ${JSON.stringify(path)}`);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      warn(`[jsonl] the option ${name} is not known and has no effect; known are ${known.join(", ")}`);
  }
  return jsonlTransport({ ...(options as Partial<JsonlTransportOptions>), path: resolvePath(path) });
};
