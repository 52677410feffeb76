import { type CreateTransport, LoopsError } from "@loops/core";
import { camelKeys, unknownOption } from "@loops/core/names";
import { configurable, type RedisStreamTransportOptions } from "./redis-stream-options.js";
import { redisStreamTransport } from "./redis-stream-transport.js";

/**
 * For `wireTransports`: options as for `redisStreamTransport`, but for those that are no data. `null` counts as absent.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export const createTransport: CreateTransport = (options, { warn }) => {
  const known: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === null) continue;
    if (configurable.includes(name)) known[name] = value;
    else warn(unknownOption("redis-stream", name, configurable));
  }
  const { retry } = known;
  if (retry !== undefined) {
    if (typeof retry !== "object")
      throw new LoopsError("LOOPS_CONFIG", "[redis-stream] retry must be a section of options");
    known["retry"] = camelKeys(retry as object);
  }
  return redisStreamTransport(known as RedisStreamTransportOptions);
};
