export type { ConnectionOptions } from "./connection.js";
export { createTransport } from "./create-transport.js";
export { type EntryRecord, entryRecord, type RawEntry, type StreamError, type StreamEvent } from "./entry.js";
export { consumeGroup, type GroupConsumer } from "./group/consume-group.js";
export type { DeadLetter } from "./group/dead-letter.js";
export type { DeadReason } from "./group/decide.js";
export type { GroupGap } from "./group/gap.js";
export type { GroupStats } from "./group/group-stats.js";
export type { ConsumeGroupOptions, Delivery, Handle } from "./group/options.js";
export type { GroupLag } from "./group/standing.js";
export { installRedisBus } from "./install.js";
export { type WireKind, wireKinds } from "./kinds.js";
export { partitionOf, streamKeys } from "./partition.js";
export {
  type ReadStreamOptions,
  readStream,
  type StreamGap,
  type StreamReader,
  type StreamRecord,
} from "./read-stream.js";
export type { RedisClient } from "./redis-client.js";
export { createRedisLog, type RedisLog, type RedisLogOptions } from "./redis-log.js";
export type { RedisStreamTransportOptions } from "./redis-stream-options.js";
export { type RedisStreamTransport, redisStreamTransport } from "./redis-stream-transport.js";
export { type Envelope, fromWire, toWire, type Wire } from "./wire.js";
