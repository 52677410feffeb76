import { resolve } from "node:path";
import { type BatchTransportOptions, LoopsError, type OnError, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import type { AnyKysely } from "./database/database-kind.js";
import type { DatabaseGiven } from "./database/open-database.js";
import type { SqliteDriverName } from "./database/sqlite-connection.js";

interface Limits {
  /** Events in one transaction, at most. Written at once: the event loop waits for so many. @default 200 */
  readonly maxBatchItems?: number | undefined;
  /** Characters of JSON in one transaction, at most; one event may be longer. @default 131072 */
  readonly maxBatchBytes?: number | undefined;
  /** An event waits at most so long for its batch to fill. @default 200 */
  readonly flushIntervalMs?: number | undefined;
  /** Events held at most while the database fails, or is slower than they come. @default 100000 */
  readonly maxQueueItems?: number | undefined;
  /** Characters of JSON held at most. @default 67108864 */
  readonly maxQueueBytes?: number | undefined;
  /**
   * What a full queue does: drop, and count, an event; or, with `"flush-sync"`, write all of it before `emit` returns,
   * which only a file can.
   * @default "drop-newest"
   */
  readonly overflow?: BatchTransportOptions["overflow"];
  /** For so long a lock of another process is waited for before that is reported. The event loop is free. @default 2000 */
  readonly lockTimeoutMs?: number | undefined;
  /** One attempt to write to PostgreSQL takes at most so long. @default 30000 */
  readonly writeTimeoutMs?: number | undefined;
  /** Longest pause between two attempts at a failing database; the first is at most 100 ms. @default 5000 */
  readonly maxRetryMs?: number | undefined;
  /** @default 10000 */
  readonly closeTimeoutMs?: number | undefined;
  /** @default the bus's `onError`; without a bus a process warning */
  readonly onError?: OnError | undefined;
}

/** Where to: exactly one of `path`, `url` and `db`. */
export type SqliteTransportOptions = Limits &
  (
    | {
        /** The file. It and its directory are made if they are not there. */
        readonly path: string;
        /** @default the first that works: `node:sqlite`, `better-sqlite3`, `libsql` */
        readonly driver?: SqliteDriverName | undefined;
      }
    | {
        /** `postgres://user:password@host:port/database`. Needs the package `pg`. */
        readonly url: string;
      }
    | {
        /** A Kysely instance for SQLite or PostgreSQL. It is never closed here. */
        readonly db: AnyKysely;
      }
  );

const limits = {
  maxBatchItems: 200,
  maxBatchBytes: 131_072,
  flushIntervalMs: 200,
  maxQueueItems: 100_000,
  maxQueueBytes: 67_108_864,
  lockTimeoutMs: 2000,
  writeTimeoutMs: 30_000,
  maxRetryMs: 5000,
  closeTimeoutMs: 10_000,
};

const overflows: readonly Limits["overflow"][] = ["drop-newest", "drop-oldest", "flush-sync"];

/** Those that can be configured; a program can give `db` and `onError` besides. */
export const configurable: readonly string[] = ["path", "url", "driver", "overflow", ...Object.keys(limits)];

export type ResolvedOptions = typeof limits &
  Pick<Limits, "overflow" | "onError"> & {
    readonly given: DatabaseGiven;
    /** For messages: the file, or the server without its password. */
    readonly where: string;
  };

interface Targets {
  readonly path: unknown;
  readonly url: unknown;
  readonly db: AnyKysely | undefined;
  readonly driver?: SqliteDriverName | undefined;
}

/** @throws LoopsError `LOOPS_CONFIG` */
export function resolveOptions(options: SqliteTransportOptions): ResolvedOptions {
  if (typeof options !== "object" || options === null) throw wrong('options must be like { path: ".ll/session.db" }');
  checkKnownOptions("sqlite", options, [...configurable, "db", "onError"]);
  const { path, url, db, driver, overflow, onError } = options as Limits & Partial<Targets>;
  if ([path, url, db].filter((one) => one !== undefined).length !== 1) {
    throw wrong('give one of path, url and db: sqliteTransport({ path: ".ll/session.db" })');
  }
  const numbers = withDefaults("sqlite", options as Partial<typeof limits>, limits);
  for (const name of ["maxBatchItems", "maxBatchBytes", "maxQueueItems", "maxQueueBytes"] as const) {
    if (numbers[name] < 1) throw wrong(`${name} must be 1 or more`);
  }
  const drivers = ["node:sqlite", "better-sqlite3", "libsql"];
  if (driver !== undefined && (path === undefined || !drivers.includes(driver))) {
    throw wrong(`driver must be one of ${drivers.join(", ")}, and goes with path`);
  }
  if (overflow !== undefined && !overflows.includes(overflow)) {
    throw wrong(`overflow must be one of ${overflows.join(", ")}, not ${JSON.stringify(overflow)}`);
  }
  if (overflow === "flush-sync" && path === undefined) throw wrong('overflow "flush-sync" needs path');
  return { ...numbers, overflow, onError, ...target({ path, url, db, driver } as Targets) };
}

function target({ path, url, db, driver }: Targets): { given: DatabaseGiven; where: string } {
  if (path !== undefined) {
    if (typeof path !== "string" || path === "" || path.includes("\0")) {
      throw wrong(`path must name a file, not ${JSON.stringify(path)}`);
    }
    // Now: what the working directory is later must not split the history.
    const absolute = path === ":memory:" ? path : resolve(path);
    return { given: { path: absolute, driver }, where: absolute };
  }
  if (db !== undefined) return { given: { db }, where: "the database" };
  if (typeof url !== "string" || !/^postgres(ql)?:\/\//.test(url)) throw wrong("url must begin with postgres://");
  return { given: { url }, where: withoutPassword(url) };
}

function withoutPassword(url: string): string {
  const parsed = URL.parse?.(url);
  return parsed ? `${parsed.protocol}//${parsed.host}${parsed.pathname}` : "PostgreSQL";
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[sqlite] ${what}`);
}
