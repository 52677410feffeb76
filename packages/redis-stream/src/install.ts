import { type Bus, createBus, type EventInput, setBus } from "@loops/core";
import type { RedisStreamTransportOptions } from "./redis-stream-options.js";
import { redisStreamTransport } from "./redis-stream-transport.js";

/**
 * Makes a bus that writes to Redis, and makes it the process's own: `getBus()` returns it from now on. Whoever calls
 * this closes the bus. The one before stays open.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function installRedisBus(options?: RedisStreamTransportOptions): Bus<EventInput> {
  const bus = createBus();
  bus.addTransport(redisStreamTransport(options));
  setBus(bus);
  return bus;
}
