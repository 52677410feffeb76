import { batchTransport, type Deadline, startDeadline, type Transport, type TransportStats } from "@loops/core";
import { type JsonlTransportOptions, resolveOptions } from "./jsonl-options.js";
import { LogWriter } from "./log-writer.js";
import type { RotationStats } from "./rotating-file.js";

/** A sink that appends each event as one line of a file. */
export interface JsonlTransport extends Transport {
  readonly name: "jsonl";
  /** Absolute. */
  readonly path: string;
  /** What rotation has done since this sink was made; `undefined` without `rotate`. */
  readonly rotation: RotationStats | undefined;
  flush(deadline?: Deadline): Promise<void>;
  flushSync(): void;
  close(deadline?: Deadline): Promise<void>;
  stats(): TransportStats;
}

const flushTimeoutMs = 10_000;

/**
 * Appends events to a JSON Lines file, in emit order.
 *
 * Guarantee: `delivered` means that the operating system took the line, so it survives the process but not a power
 * cut; with `fsync: "batch"` it survives that too. Lines are written in batches, synchronously, so a tight loop of
 * emits drops nothing; after `flush`, `flushSync`, `close` or the end of the process all of them are in the file. A
 * failing disk never throws: events stay queued within bounds, are tried again for ever, and what is dropped above the
 * bounds is counted (`overflow`).
 *
 * With `async` a disk that hangs holds up nobody; `flushSync` then writes the batch in flight a second time, and throws
 * where that batch has hung for a second.
 *
 * @throws LoopsError `LOOPS_CONFIG` for options of the wrong kind
 */
export function jsonlTransport(options: JsonlTransportOptions): JsonlTransport {
  const resolved = resolveOptions(options);
  const { path, fsync, maxRetryMs } = resolved;
  const writer = new LogWriter(resolved);
  const queue = batchTransport({
    name: "jsonl",
    maxBatchItems: Number.POSITIVE_INFINITY,
    maxBatchBytes: resolved.maxBatchBytes,
    flushIntervalMs: resolved.flushIntervalMs ?? 100,
    maxQueueItems: resolved.maxQueueItems ?? 100_000,
    maxQueueBytes: resolved.maxQueueBytes ?? 67_108_864,
    overflow: resolved.overflow,
    closeTimeoutMs: resolved.closeTimeoutMs,
    onError: resolved.onError,
    retry: { maxRetries: Number.POSITIVE_INFINITY, baseMs: 100, maxMs: maxRetryMs ?? 5000 },
    // A write that was given up and comes to its end after all would be there twice. The writer reports one that hangs.
    writeTimeoutMs: Number.POSITIVE_INFINITY,
    write: (lines) => writer.write(lines),
    writeSync: (lines) => writer.writeSync(lines),
    close: (deadline) => writer.close(deadline),
  });
  writer.start();
  const { attach, flush, flushSync } = queue as typeof queue & Pick<JsonlTransport, "flushSync">;
  return {
    ...queue,
    name: "jsonl",
    path,
    attach(context) {
      attach(context);
      writer.attach(context);
    },
    async flush(deadline?: Deadline) {
      if (fsync === "never") return flush(deadline);
      const due = startDeadline(deadline, flushTimeoutMs);
      await flush(due.remaining());
      await writer.sync(due);
    },
    flushSync() {
      flushSync();
      if (fsync !== "never") writer.syncNow();
    },
    get rotation() {
      return writer.rotation;
    },
  };
}
