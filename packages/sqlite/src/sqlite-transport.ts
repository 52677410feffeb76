import { open } from "node:fs/promises";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import {
  type BatchTransport,
  type BatchTransportGiven,
  type BatchTransportOptions,
  batchTransport,
  type Transport,
  type WriteContext,
} from "@loops/core";
import { isBusy } from "./database/failure.js";
import { sqliteDriver } from "./database/find-driver.js";
import { type EventRow, eventRow } from "./rows/event-row.js";
import { RunStates } from "./rows/run-states.js";
import { type ResolvedOptions, resolveOptions, type SqliteTransportOptions } from "./sqlite-options.js";
import { deliveryFailure } from "./write/delivery-failure.js";
import { FileWriter } from "./write/file-writer.js";
import { KyselyWriter } from "./write/kysely-writer.js";

/** A sink that keeps each event as a row, found by its words. */
export interface SqliteTransport extends BatchTransport {
  readonly name: "sqlite";
  /** Only for a file. */
  flushSync?(): void;
}

/** Of 2 ms each: as long as the longest batch of another process. */
const syncPauses = 20;

type Writing = Pick<BatchTransportOptions<EventRow>, "write" | "writeSync" | "close">;

/**
 * Writes events into a SQLite file, or into PostgreSQL, for `openHistory`.
 *
 * Guarantee: `delivered` means committed. A batch is one transaction, so after a crash the database has whole batches;
 * ids are unique, so a batch that is written again changes nothing. In a SQLite file a commit survives the process, and a
 * loss of power may take the last ones. Order is that of `emit`. While the database is locked, full, read-only, damaged
 * or gone, events wait within bounds and are tried again for ever; what is dropped above the bounds is counted
 * (`overflow`). Nothing is opened before the first event is written.
 *
 * @throws LoopsError `LOOPS_CONFIG`, and `LOOPS_SQLITE_DRIVER` where a file is given and nothing can write it
 */
export function sqliteTransport(options: SqliteTransportOptions): SqliteTransport {
  const resolved = resolveOptions(options);
  const states = new RunStates();
  const { maxBatchItems, maxBatchBytes, flushIntervalMs, maxQueueItems, maxQueueBytes, closeTimeoutMs } = resolved;
  const given: BatchTransportGiven<EventRow> = {
    name: "sqlite",
    ...{ maxBatchItems, maxBatchBytes, flushIntervalMs, maxQueueItems, maxQueueBytes, closeTimeoutMs },
    overflow: resolved.overflow,
    onError: resolved.onError,
    writeTimeoutMs: resolved.writeTimeoutMs,
    retry: { maxRetries: Number.POSITIVE_INFINITY, baseMs: 100, maxMs: resolved.maxRetryMs },
    prepare: (event, { json }) => eventRow(event, json, states),
    sizeOf: ({ json }) => json.length,
    ...("path" in resolved.given ? fileWriting(resolved) : kyselyWriting(resolved)),
  };
  return {
    ...(batchTransport(given) as BatchTransport & Pick<Transport, "flushSync">),
    name: "sqlite",
  } as SqliteTransport;
}

/** Synchronous, in a turn of its own: neither `emit` nor the turn that it is called in waits for the disk. */
function fileWriting({ given, where, lockTimeoutMs }: ResolvedOptions): Writing {
  const file = given as { path: string };
  sqliteDriver((given as { driver?: undefined }).driver);
  const writer = new FileWriter(file);
  /** A batch that was written by `writeSync` meanwhile is not written again in its turn. */
  let turn = 0;
  /** A process that ends has no second chance: it waits for a short lock, but once only for one that stays. */
  let patience = syncPauses;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return {
    async write(rows, { signal }: WriteContext) {
      const own = ++turn;
      const ends = performance.now() + lockTimeoutMs;
      await nextTurn();
      if (writer.checkpointDue) {
        await syncLog(file.path);
        writer.checkpoint();
        await nextTurn();
      }
      while (own === turn && !signal.aborted) {
        try {
          writer.write(rows);
          return;
        } catch (error) {
          if (!isBusy(error) || performance.now() >= ends) throw deliveryFailure(error, where);
        }
        await sleep(2 + Math.random() * 10, undefined, { signal }).catch(() => {});
      }
    },
    writeSync(rows) {
      turn++;
      for (let pauses = patience; ; pauses--) {
        try {
          writer.write(rows);
          patience = syncPauses;
          return;
        } catch (error) {
          if (!isBusy(error) || pauses === 0) {
            patience = 0;
            throw deliveryFailure(error, where);
          }
        }
        Atomics.wait(cell, 0, 0, 2);
      }
    },
    close: () => writer.close(),
  };
}

/** Most of what a checkpoint waits for, with the event loop free. What fails here the checkpoint tries again. */
async function syncLog(path: string): Promise<void> {
  try {
    const log = await open(`${path}-wal`, "r+");
    await log.datasync().finally(() => log.close());
  } catch {}
}

function kyselyWriting({ given, where }: ResolvedOptions): Writing {
  const writer = new KyselyWriter(given);
  return {
    async write(rows, { signal }) {
      try {
        await writer.write(rows, signal);
      } catch (error) {
        throw deliveryFailure(error, where);
      }
    },
    close: () => writer.close(),
  };
}
