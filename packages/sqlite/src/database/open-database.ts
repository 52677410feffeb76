import { setTimeout as sleep } from "node:timers/promises";
import { LoopsError } from "@loops/core";
import { Kysely } from "kysely";
import { type AnyKysely, type DatabaseKind, kindOf } from "./database-kind.js";
import { isBusy } from "./failure.js";
import { driverNames } from "./find-driver.js";
import { openPostgres, type PostgresOptions } from "./open-postgres.js";
import { type OpenSqliteOptions, openSqlite } from "./open-sqlite.js";
import type { SqliteConnection } from "./sqlite-connection.js";
import { sqliteDialect } from "./sqlite-dialect.js";

/** Where the data is: a SQLite file, a PostgreSQL by its URL, or a Kysely instance of the caller, which is never closed. */
export type DatabaseGiven = OpenSqliteOptions | UrlGiven | { readonly db: AnyKysely };

interface UrlGiven extends PostgresOptions {
  readonly url: string;
}

export interface Database<Schema> {
  readonly db: Kysely<Schema>;
  readonly kind: DatabaseKind;
  /** The connection below `db`, for what has to be done without the event loop; only for a file opened here. */
  readonly connection: SqliteConnection | undefined;
  /** Breaks the connections to a PostgreSQL that were made here: what waits for an answer fails at once. */
  abort(): void;
  /** Closes what was opened here. Idempotent. */
  close(): Promise<void>;
}

/** For how long opening goes on trying while another process holds the lock. */
const openTimeoutMs = 2000;

/** @throws LoopsError `LOOPS_CONFIG` for what names no database; asks nothing of one */
export function checkDatabase(given: DatabaseGiven): void {
  if ("db" in given) kindOf(given.db);
  else if ("url" in given) checkUrl(given.url);
  else checkFile(given);
}

function checkFile({ path, driver }: OpenSqliteOptions): void {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw new LoopsError("LOOPS_CONFIG", "[sqlite] path must name a file");
  }
  if (driver === undefined || driverNames.includes(driver)) return;
  const names = driverNames.join(", ");
  throw new LoopsError("LOOPS_CONFIG", `[sqlite] driver must be one of ${names}, not ${JSON.stringify(driver)}`);
}

/** The URL itself is never told: it may have a password in it. */
function checkUrl(url: unknown): void {
  if (typeof url !== "string" || !/^postgres(ql)?:\/\//.test(url)) {
    throw new LoopsError("LOOPS_CONFIG", "[sqlite] url must begin with postgres://; for a file give path");
  }
  // As pg reads it: spaces are allowed, and a socket is named without a host. What is behind a # nobody reads.
  if (url.includes("#") || !URL.canParse(url.replaceAll(" ", "%20").replace("@/", "@socket/"))) {
    const form = "postgres://user:password@host:5432/database";
    throw new LoopsError(
      "LOOPS_CONFIG",
      `[sqlite] url is none: ${form}, with / : @ # % in a password as %2F %3A and so on`,
    );
  }
}

/**
 * Opens a database; makes no tables.
 *
 * @throws LoopsError `LOOPS_CONFIG`, `LOOPS_SQLITE_DRIVER`, `LOOPS_SQLITE_MISSING`, `LOOPS_POSTGRES_DRIVER`
 * @throws what the driver throws, for `failureOf`
 */
export async function openDatabase<Schema>(given: DatabaseGiven): Promise<Database<Schema>> {
  checkDatabase(given);
  if ("db" in given) {
    const kind = kindOf(given.db);
    return { db: given.db, kind, connection: undefined, abort: () => {}, close: async () => {} };
  }
  if ("url" in given) {
    const { dialect, abort } = await openPostgres(given.url, given);
    return opened({ db: new Kysely<Schema>({ dialect }), kind: "postgres", connection: undefined, abort });
  }
  const connection = await whileBusy(() => openSqlite(given), openTimeoutMs);
  const db = new Kysely<Schema>({ dialect: sqliteDialect(connection) });
  return opened({ db, kind: "sqlite", connection, abort: () => {} });
}

function opened<Schema>(database: Omit<Database<Schema>, "close">): Database<Schema> {
  let closing: Promise<void> | undefined;
  const close = () => {
    // A Kysely that was never asked anything has not taken the connection over yet.
    closing ??= database.db.destroy().finally(() => database.connection?.close());
    return closing;
  };
  return { ...database, close };
}

/** Tries again for as long as somebody else holds the lock, at most `timeoutMs`; the event loop is free meanwhile. */
export async function whileBusy<T>(attempt: () => T | Promise<T>, timeoutMs: number): Promise<T> {
  const ends = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= ends) throw error;
    }
    await sleep(5 + Math.random() * 20);
  }
}
