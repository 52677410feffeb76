import { resolve } from "node:path";
import {
  batchTransport,
  type Deadline,
  LoopsError,
  type OnError,
  type Transport,
  type TransportStats,
} from "@loops/core";
import type { AppendFs } from "@loops/core/ndjson";
import { LineFile } from "./line-file.js";

export interface JsonlTransportOptions {
  /** The file. Its directory is made if it is not there. */
  readonly path: string;
  /** Permissions of a file that is made here. @default 0o600 */
  readonly mode?: number | undefined;
  /** A batch is written once it has so many bytes. @default 65536 */
  readonly maxBatchBytes?: number | undefined;
  /** An event waits at most so long for its batch to fill. @default 100 */
  readonly flushIntervalMs?: number | undefined;
  /** Events held at most while the disk fails. @default 100000 */
  readonly maxQueueItems?: number | undefined;
  /** Bytes held at most while the disk fails. @default 67108864 */
  readonly maxQueueBytes?: number | undefined;
  /** Which events are dropped, and counted, when the disk fails for so long. @default "drop-newest" */
  readonly overflow?: "drop-newest" | "drop-oldest" | undefined;
  /** Longest pause between two attempts at a failing disk; the first is at most 100 ms. @default 5000 */
  readonly maxRetryMs?: number | undefined;
  /** @default 10000 */
  readonly closeTimeoutMs?: number | undefined;
  /** @default the bus's `onError`; without a bus a process warning */
  readonly onError?: OnError | undefined;
  /** Replaces the file system calls, to inject faults. @default node:fs */
  readonly fs?: AppendFs | undefined;
}

/** A sink that appends each event as one line of a file. */
export interface JsonlTransport extends Transport {
  readonly name: "jsonl";
  /** Absolute. */
  readonly path: string;
  flush(deadline?: Deadline): Promise<void>;
  flushSync(): void;
  close(deadline?: Deadline): Promise<void>;
  stats(): TransportStats;
}

/**
 * Appends events to a JSON Lines file, in emit order.
 *
 * Guarantee: `delivered` means that the operating system took the line, so it survives the process but not a power
 * cut. Lines are written in batches, synchronously, so a tight loop of emits drops nothing; after `flush`, `flushSync`,
 * `close` or the end of the process all of them are in the file. A failing disk never throws: events stay queued
 * within bounds, are tried again for ever, and what is dropped above the bounds is counted (`overflow`).
 *
 * @throws LoopsError `LOOPS_CONFIG` for options of the wrong kind
 */
export function jsonlTransport(options: JsonlTransportOptions): JsonlTransport {
  const { path: given, mode = 0o600, fs, maxRetryMs, ...limits } = options ?? {};
  if (typeof given !== "string" || given === "" || given.includes("\0")) {
    const example = 'jsonlTransport({ path: "events.jsonl" })';
    throw new LoopsError("LOOPS_CONFIG", `[jsonl] path must name a file, not ${JSON.stringify(given)}: ${example}`);
  }
  const { overflow = "drop-newest" } = limits;
  if (overflow !== "drop-newest" && overflow !== "drop-oldest") {
    const message = `[jsonl] overflow must be "drop-newest" or "drop-oldest", not ${JSON.stringify(overflow)}`;
    throw new LoopsError("LOOPS_CONFIG", message);
  }
  // Now: what the working directory is later must not split the file.
  const path = resolve(given);
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) {
    throw new LoopsError("LOOPS_CONFIG", `[jsonl] mode must be permissions such as 0o600, not ${JSON.stringify(mode)}`);
  }
  const file = new LineFile({ path, mode, fs });
  const append = (lines: readonly string[]) => file.append(lines);
  const queue = batchTransport({
    name: "jsonl",
    maxBatchItems: Number.POSITIVE_INFINITY,
    maxBatchBytes: limits.maxBatchBytes,
    flushIntervalMs: limits.flushIntervalMs ?? 100,
    maxQueueItems: limits.maxQueueItems ?? 100_000,
    maxQueueBytes: limits.maxQueueBytes ?? 67_108_864,
    overflow,
    closeTimeoutMs: limits.closeTimeoutMs,
    onError: limits.onError,
    retry: { maxRetries: Number.POSITIVE_INFINITY, baseMs: 100, maxMs: maxRetryMs ?? 5000 },
    write: append,
    writeSync: append,
    close: () => file.close(),
  });
  try {
    file.makeDirectory();
  } catch {
    // The first write tries again, and reports what is wrong: a sink that cannot work never stops a loop.
  }
  return Object.assign(queue, { path }) as JsonlTransport;
}
