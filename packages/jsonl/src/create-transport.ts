import { type CreateTransport, LoopsError } from "@loops/core";
import { type JsonlTransportOptions, jsonlTransport } from "./jsonl-transport.js";

/** For `wireTransports`: options as for {@link jsonlTransport}; `path` lies below the base directory, `events.jsonl` by default. */
export const createTransport: CreateTransport = (options, context) => {
  const path = options["path"] ?? "events.jsonl";
  if (typeof path !== "string") {
    throw new LoopsError("LOOPS_CONFIG", `[jsonl] path must be a text, not ${JSON.stringify(path)}`);
  }
  return jsonlTransport({ ...(options as Partial<JsonlTransportOptions>), path: context.resolvePath(path) });
};
