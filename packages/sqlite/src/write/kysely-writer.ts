import { CompiledQuery } from "kysely";
import type { AnyKysely, DatabaseKind } from "../database/database-kind.js";
import { migrate } from "../database/migrate.js";
import { type Database, type DatabaseGiven, openDatabase } from "../database/open-database.js";
import type { EventRow } from "../rows/event-row.js";
import { runChanges } from "../rows/run-change.js";
import { migrations } from "../schema/migrations.js";
import type { HistorySchema } from "../schema/tables.js";
import {
  checkVersion,
  indexSince,
  insertEvents,
  mergeIndex,
  OtherSchema,
  selectVersion,
  upsertRuns,
} from "./statements.js";

/** Rows in one statement: PostgreSQL takes 65,535 parameters, SQLite 32,766. */
const maxRowsAtOnce = 1000;

/** Writes batches through Kysely, each in one transaction: into PostgreSQL, or whatever the caller has. */
export class KyselyWriter {
  readonly #given: DatabaseGiven;
  #ready: Promise<Database<HistorySchema>> | undefined;

  constructor(given: DatabaseGiven) {
    this.#given = given;
  }

  /**
   * Resolves with how many were not there yet. Rejects with what the driver throws; then nothing of the batch was
   * written, unless only the answer was lost.
   */
  async write(rows: readonly EventRow[], signal: AbortSignal): Promise<number> {
    const { db, kind, abort } = await this.#database(signal);
    try {
      return await abortable(signal, abort, () =>
        kind === "sqlite" ? writeToSqlite(db, rows) : writeToPostgres(db, rows),
      );
    } catch (error) {
      if (!(error instanceof OtherSchema)) throw error;
      await this.close();
      return this.write(rows, signal);
    }
  }

  async close(): Promise<void> {
    const ready = this.#ready;
    this.#ready = undefined;
    const database = await ready?.catch(() => undefined);
    database?.abort();
    await database?.close();
  }

  #database(signal: AbortSignal): Promise<Database<HistorySchema>> {
    this.#ready ??= openMigrated(this.#given, signal).catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }
}

async function openMigrated(given: DatabaseGiven, signal: AbortSignal): Promise<Database<HistorySchema>> {
  const database = await openDatabase<HistorySchema>(given);
  try {
    await abortable(signal, database.abort, () => migrate(database.db, database.kind, migrations, { timeoutMs: 1000 }));
  } catch (error) {
    database.abort();
    await database.close();
    throw error;
  }
  return database;
}

/** A server that does not answer is left: its connections are broken, so that they come back into the pool. */
async function abortable<T>(signal: AbortSignal, abort: () => void, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  signal.addEventListener("abort", abort);
  try {
    return await work();
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function writeToPostgres(db: AnyKysely, rows: readonly EventRow[]): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const added = await insertNew(transaction, "postgres", rows);
    await updateRuns(transaction, added);
    // Last: whoever changes the tables holds up what is written above.
    checkVersion((await transaction.executeQuery(CompiledQuery.raw(selectVersion))).rows);
    return added.length;
  });
}

/** Not by `transaction()`: that of Kysely takes the write lock too late to be sure of getting it. */
function writeToSqlite(db: AnyKysely, rows: readonly EventRow[]): Promise<number> {
  return db.connection().execute(async (connection) => {
    const run = (sql: string, parameters: unknown[] = []) =>
      connection.executeQuery(CompiledQuery.raw(sql, parameters));
    await run("begin immediate");
    try {
      checkVersion((await run(selectVersion)).rows);
      const last = connection.selectFrom("events").select((one) => one.fn.max<number>("position").as("position"));
      const before = (await last.executeTakeFirst())?.position ?? 0;
      const added = await insertNew(connection, "sqlite", rows);
      if (added.length > 0) {
        await run(indexSince, [before]);
        await run(mergeIndex);
        await updateRuns(connection, added);
      }
      await run("commit");
      return added.length;
    } catch (error) {
      // SQLite has rolled back by itself after some errors; what is told is the error that led here.
      await run("rollback").catch(() => {});
      throw error;
    }
  });
}

/** Returns those that were not there yet. */
async function insertNew(db: AnyKysely, kind: DatabaseKind, rows: readonly EventRow[]): Promise<readonly EventRow[]> {
  const added = new Set<string>();
  for (let index = 0; index < rows.length; index += maxRowsAtOnce) {
    const query = insertEvents(db, kind, rows.slice(index, index + maxRowsAtOnce)).returning("id" as never);
    for (const { id } of (await query.execute()) as { id: string }[]) added.add(id);
  }
  // Of two with one id in a batch the first is there.
  return rows.filter(({ id }) => added.delete(id));
}

async function updateRuns(db: AnyKysely, added: readonly EventRow[]): Promise<void> {
  const changes = runChanges(added);
  if (changes.length > 0) await upsertRuns(db, changes).execute();
}
