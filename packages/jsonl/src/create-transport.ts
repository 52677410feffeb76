import { type CreateTransport, LoopsError } from "@loops/core";
import { configurable, type JsonlTransportOptions } from "./jsonl-options.js";
import { jsonlTransport } from "./jsonl-transport.js";
import { unknownOption } from "./unknown-option.js";

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
    else warn(unknownOption(name, configurable));
  }
  const rotate = camelKeys(options["rotate"]);
  return jsonlTransport({ ...(known as Partial<JsonlTransportOptions>), path: resolvePath(path), rotate });
};

/** What is no object stays what it is: the transport says what is wrong with it. `null` is a section left empty. */
function camelKeys(given: unknown): JsonlTransportOptions["rotate"] {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return (given ?? undefined) as undefined;
  const camel = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [camel(key), value])) as never;
}
