import { type Redis, startRedis } from "../../../scripts/services/redis.js";
import { onPath } from "../../../scripts/services/require-program.js";

const command = onPath("redis-server", process.env["PATH"]);

/** What a benchmark with a Redis lacks on this machine. */
export const redisIsMissing = (): string | undefined =>
  command === undefined ? "it needs redis-server, which is not installed" : undefined;

/** A `redis-server` of the benchmark's own, on loopback, that keeps nothing on disk. */
export function benchRedis(): Promise<Redis> {
  return startRedis(command ?? "redis-server");
}
