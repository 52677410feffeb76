import { type CreateTransport, LoopsError } from "@loops/core";
import { camelSection, unknownOption } from "@loops/core/names";
import { configurable, type JsonlTransportOptions } from "./jsonl-options.js";
import { jsonlTransport } from "./jsonl-transport.js";

/**
 * For `wireTransports`: options as for {@link jsonlTransport}, those of `rotate` in snake_case too; `path` lies below
 * the base directory, `events.jsonl` by default.
 */
export const createTransport: CreateTransport = (options, { resolvePath, warn }) => {
  const path = options["path"] ?? "events.jsonl";
  if (typeof path !== "string") {
    throw new LoopsError("LOOPS_CONFIG", `[jsonl] path must be a text, not ${JSON.stringify(path)}`);
  }
  const known: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (configurable.includes(name)) known[name] = value;
    else warn(unknownOption("jsonl", name, configurable));
  }
  // A section left empty is null.
  const rotate = camelSection(options["rotate"] ?? undefined) as JsonlTransportOptions["rotate"];
  return jsonlTransport({ ...(known as Partial<JsonlTransportOptions>), path: resolvePath(path), rotate });
};
