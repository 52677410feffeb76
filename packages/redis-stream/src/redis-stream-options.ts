import { type BatchTransportOptions, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import type { ConnectionOptions } from "./connection.js";
import { isPartitionCount, requireOption, textOption } from "./require-option.js";
import type { Wire } from "./wire.js";

/** Those of core's queue that go through as they are. */
type QueueOptions = Pick<
  BatchTransportOptions,
  | "maxBatchItems"
  | "maxBatchBytes"
  | "flushIntervalMs"
  | "maxQueueItems"
  | "maxQueueBytes"
  | "retry"
  | "flushTimeoutMs"
  | "closeTimeoutMs"
  | "exitGraceMs"
  | "onError"
>;

/** Options of `redisStreamTransport`. Those of the queue have defaults of their own. */
export interface RedisStreamTransportOptions extends ConnectionOptions, QueueOptions {
  /** The key of the stream. Empty counts as absent. @default "maf:events" */
  readonly stream?: string | undefined;
  /** The oldest entries above about so many are trimmed (`MAXLEN ~`), in each partition; 0 or less keeps all. @default 100000 */
  readonly maxLen?: number | undefined;
  /** The form of an event in the stream. @default "envelope" */
  readonly wire?: Wire | undefined;
  /** Spreads the events over so many streams, so that a Redis Cluster shares the work. @default 1 */
  readonly partitions?: number | undefined;
  /** The field whose value decides the partition: events with the same one stay in order. @default "run_id" */
  readonly partitionBy?: string | undefined;
  /** An answer takes at most so long; then the connection is cut, and the batch sent again. @default 10000 */
  readonly commandTimeoutMs?: number | undefined;
  /** How long `publish` waits for its id. @default 5000 */
  readonly publishTimeoutMs?: number | undefined;
  /** What gives way when the queue is full. @default "drop-newest" */
  readonly overflow?: "drop-newest" | "drop-oldest" | undefined;
  /** Is handed the bodies that were refused, or were left when `close` reached its deadline. */
  readonly onDeadLetter?: ((bodies: readonly string[], error: unknown) => void) | undefined;
}

export const transportDefaults = {
  maxLen: 100_000,
  partitions: 1,
  connectTimeoutMs: 5000,
  commandTimeoutMs: 10_000,
  publishTimeoutMs: 5000,
  maxBatchItems: 500,
  maxBatchBytes: 1_048_576,
  flushIntervalMs: 100,
  maxQueueItems: 100_000,
  maxQueueBytes: 67_108_864,
};

const name = "redis-stream";

/** What a configuration file can say. */
export const configurable = [
  "url",
  "stream",
  "wire",
  "partitionBy",
  "overflow",
  "retry",
  "flushTimeoutMs",
  "closeTimeoutMs",
  "exitGraceMs",
  ...Object.keys(transportDefaults),
];

/** {@link RedisStreamTransportOptions} with every default of this package filled in. */
export type ResolvedTransportOptions = RedisStreamTransportOptions &
  typeof transportDefaults & { readonly stream: string; readonly wire: Wire; readonly partitionBy: string };

/** @throws LoopsError `LOOPS_CONFIG` */
export function resolveTransportOptions(given: RedisStreamTransportOptions): ResolvedTransportOptions {
  checkKnownOptions(name, given, [...configurable, "client", "onError", "onDeadLetter"]);
  // Negative is allowed for this one: it keeps all.
  const maxLen = typeof given.maxLen === "number" ? Math.max(0, given.maxLen) : given.maxLen;
  const options = withDefaults(name, { ...given, maxLen }, transportDefaults);
  const { wire = "envelope", partitions, overflow } = options;
  requireOption(wire === "envelope" || wire === "flat", "wire", 'must be "envelope" or "flat"', wire);
  requireOption(isPartitionCount(partitions), "partitions", "must be a whole number from 1 to 1024", partitions);
  const { maxBatchItems } = options;
  requireOption(
    maxBatchItems <= 10_000,
    "maxBatchItems",
    "must be at most 10000, for a batch holds up the server",
    maxBatchItems,
  );
  const flushSync = (overflow as string | undefined) !== "flush-sync";
  requireOption(flushSync, "overflow", 'must be "drop-newest" or "drop-oldest"', overflow);
  return {
    ...options,
    wire,
    stream: textOption("stream", options.stream, "maf:events"),
    partitionBy: textOption("partitionBy", options.partitionBy, "run_id"),
  };
}
