import { setMaxListeners } from "node:events";
import {
  type BatchTransport,
  batchTransport,
  type EncodedEvent,
  type EventInput,
  encodeEvent,
  type LoopEvent,
  stamp,
  startDeadline,
} from "@loops/core";
import { Appender } from "./append.js";
import { Connection } from "./connection.js";
import { FailureStreak } from "./failure-streak.js";
import { partitionOf, streamKeys } from "./partition.js";
import { type RedisStreamTransportOptions, resolveTransportOptions } from "./redis-stream-options.js";
import { wireText } from "./wire.js";
import { jsonOf, type StreamItem, settle, writeBatch } from "./write-batch.js";

/** A sink that adds each event to a Redis Stream. */
export interface RedisStreamTransport extends BatchTransport {
  readonly name: "redis-stream";
  /** The keys of its streams: one, or one for each partition. */
  readonly streams: readonly string[];
  /**
   * Sends an event, stamped where it has no `ts` and `id`, and waits until Redis has it. Behind all that was sent before.
   *
   * @returns the id of its entry; `""` if it was dropped, or has none yet after `publishTimeoutMs`: it then stays
   * queued like any other, and `stats()` tells what becomes of it. Never rejects.
   */
  publish(event: EventInput): Promise<string>;
}

/**
 * A batch is added in one step. One that is larger than what is kept would trim events of its own, which nobody could have
 * read; and by the one before it, readers who wait see that nothing is missing.
 */
function mostAtOnce(maxLen: number): number {
  return maxLen === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(maxLen / 2));
}

/**
 * Adds events to a Redis Stream, or several, in emit order.
 *
 * Guarantee: `delivered` means that Redis has answered with the id of the entry; what that survives is a matter of its
 * `appendfsync` and its replicas. At least once, first occurrences in order (in each partition): batches are added by a
 * script, whole or not at all, and one without an answer is sent again. While Redis is away events stay queued within
 * bounds; what is dropped above these is counted (`overflow`). SIGKILL loses what was queued.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function redisStreamTransport(options: RedisStreamTransportOptions = {}): RedisStreamTransport {
  const resolved = resolveTransportOptions(options);
  const { stream, partitions, partitionBy, wire, maxLen, commandTimeoutMs, publishTimeoutMs, onDeadLetter } = resolved;
  const connection = new Connection("redis-stream", resolved);
  const streams = streamKeys(connection.keyPrefix + stream, partitions);
  const appender = new Appender(maxLen);
  const streak = new FailureStreak(resolved.onError);
  const bodyOf = (json: string) => wireText(json, wire);
  /** Set while `publish` sends: who is told the id of the item that is made now. */
  let publishing: ((id: string) => void) | undefined;

  const queue = batchTransport<StreamItem>({
    name: "redis-stream",
    maxBatchItems: Math.min(resolved.maxBatchItems, mostAtOnce(maxLen)),
    maxBatchBytes: resolved.maxBatchBytes,
    flushIntervalMs: resolved.flushIntervalMs,
    maxQueueItems: resolved.maxQueueItems,
    maxQueueBytes: resolved.maxQueueBytes,
    overflow: resolved.overflow,
    retry: { maxRetries: Number.POSITIVE_INFINITY, baseMs: 100, maxMs: 5000, ...resolved.retry },
    // The deadlines of connection and command are shorter, and say more.
    writeTimeoutMs: Number.POSITIVE_INFINITY,
    flushTimeoutMs: resolved.flushTimeoutMs,
    closeTimeoutMs: resolved.closeTimeoutMs,
    exitGraceMs: resolved.exitGraceMs,
    onError: (error, info) => streak.report(error, info),
    prepare(event, { json }) {
      if (partitions === 1 && publishing === undefined) return json;
      return { json, partition: partitionOf(event, partitions, partitionBy), onSettled: publishing };
    },
    sizeOf: (item) => Buffer.byteLength(jsonOf(item)),
    async write(batch, { signal }) {
      const limits = { timeoutMs: commandTimeoutMs, signal };
      // Each partition listens.
      setMaxListeners(0, signal);
      try {
        await writeBatch(batch, streams, (key, events) =>
          connection.run((client) => appender.append(client, key, events.map(bodyOf)), limits),
        );
        streak.end();
      } catch (error) {
        throw streak.add(error);
      }
    },
    onDeadLetter(items, error) {
      for (const item of items) settle(item, "");
      onDeadLetter?.(
        items.map((item) => bodyOf(jsonOf(item))),
        error,
      );
    },
    close: () => connection.close(),
  });

  /** Whether the queue took it. */
  function sendFor(event: LoopEvent, encoded: EncodedEvent, onSettled: (id: string) => void): boolean {
    const dropped = () => Object.values(queue.stats().dropped).reduce((sum, count) => sum + count, 0);
    const before = dropped();
    publishing = onSettled;
    try {
      queue.send(event, encoded);
    } finally {
      publishing = undefined;
    }
    return dropped() === before || resolved.overflow === "drop-oldest";
  }

  return {
    ...queue,
    name: "redis-stream",
    streams,
    // The queue reports to the streak, so only that has to know.
    attach: (context) => streak.attach(context),
    async publish(input) {
      const event = stamp(input);
      let id = "";
      const settled = new Promise<void>((resolve) => {
        const taken = sendFor(event, encodeEvent(event), (given) => {
          id = given;
          resolve();
        });
        if (!taken) resolve();
      });
      const due = startDeadline(undefined, publishTimeoutMs);
      // A flush, because a batch that is not full would wait for its interval.
      queue.flush(due.remaining()).catch(() => {});
      await due.wait(settled);
      return id;
    },
  };
}
