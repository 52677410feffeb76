import { statSync } from "node:fs";
import { failureOf } from "../database/failure.js";
import { migrateSync, sqliteBuilder } from "../database/migrate.js";
import { type OpenSqliteOptions, openSqlite } from "../database/open-sqlite.js";
import type { SqliteConnection, SqliteStatement } from "../database/sqlite-connection.js";
import { type EventRow, eventColumns } from "../rows/event-row.js";
import { type RunChange, runChanges } from "../rows/run-change.js";
import { migrations } from "../schema/migrations.js";
import {
  checkVersion,
  indexSince,
  insertEvents,
  mergeIndex,
  OtherSchema,
  runColumns,
  runValues,
  selectVersion,
  upsertRuns,
} from "./statements.js";

/** Rows of a batch that the database refuses for what they are. */
export class RefusedRows extends Error {
  readonly indexes: readonly number[];

  constructor(indexes: readonly number[], cause: unknown) {
    super("refused", { cause });
    this.indexes = indexes;
  }
}

/**
 * When about so much was written to the log it is brought into the file. SQLite would do it at twice as much, and within
 * a commit, which then takes four times as long; here it has a turn of its own.
 */
const checkpointBytes = 2_097_152;

/** What a row takes of the log beside its text, which is there twice: parts of pages, of the table and its indexes. */
const rowBytes = 1600;

/** So many rows go into one call where there are as many: a call costs as much as a row. */
const chunkRows = 20;

/**
 * Writes batches into a file, each in one transaction, before it returns. Opens the file when it is first needed, and
 * again after an error that the connection may not survive, or when another file is at the path.
 */
export class FileWriter {
  readonly #given: OpenSqliteOptions;
  #open: OpenFile | undefined;

  constructor(given: OpenSqliteOptions) {
    this.#given = given;
  }

  /**
   * Returns how many were not there yet.
   *
   * @throws RefusedRows, and what the driver throws; then nothing of the batch was written
   */
  write(rows: readonly EventRow[]): number {
    const file = this.#file();
    // Nobody gives it a turn while a full queue is written at once.
    if (file.logged >= 8 * checkpointBytes) this.checkpoint();
    try {
      const added = file.write(rows);
      file.logged += rows.reduce((sum, { json }) => sum + rowBytes + 2 * json.length, 0);
      return added;
    } catch (error) {
      // Whoever waits for a lock, or was refused a row, can go on with the same connection.
      const kind = failureOf(error);
      if (!(error instanceof RefusedRows) && kind !== "busy" && kind !== "full") this.#letGo();
      if (error instanceof OtherSchema) return this.write(rows);
      throw error;
    }
  }

  get checkpointDue(): boolean {
    return (this.#open?.logged ?? 0) >= checkpointBytes;
  }

  /** Brings the log into the file as far as readers allow. */
  checkpoint(): void {
    const file = this.#open;
    if (file === undefined) return;
    file.logged = 0;
    try {
      file.connection.prepare("pragma wal_checkpoint(passive)").all([]);
    } catch {
      // What is wrong with the file the next write tells; nothing is lost in the log.
    }
  }

  close(): void {
    // SQLite does it for the last connection alone: a reader that stays would see the log grow without end.
    if (this.checkpointDue) this.checkpoint();
    this.#letGo();
  }

  #letGo(): void {
    this.#open?.connection.close();
    this.#open = undefined;
  }

  #file(): OpenFile {
    // A file that was moved or deleted would be written on, and nobody would find it.
    if (this.#open !== undefined && this.#open.identity !== identityOf(this.#open.connection.path)) {
      // Of one that was moved by itself what is in the log would be gone: a new file has a log of the same name.
      this.checkpoint();
      this.#letGo();
    }
    this.#open ??= openFile(this.#given);
    return this.#open;
  }
}

interface OpenFile {
  readonly connection: SqliteConnection;
  readonly identity: string | undefined;
  /** Bytes written to the log, about, since it was last brought into the file. */
  logged: number;
  write(rows: readonly EventRow[]): number;
}

function openFile(given: OpenSqliteOptions): OpenFile {
  const connection = openSqlite(given);
  try {
    migrateSync(connection, migrations);
    connection.prepare("pragma wal_autocheckpoint = 0").all([]);
    const statements = prepare(connection);
    const identity = identityOf(connection.path);
    // What others have left in it is brought in, too.
    const logged = statSync(`${connection.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    return { connection, identity, logged, write: (rows) => writeBatch(connection, statements, rows) };
  } catch (error) {
    connection.close();
    throw error;
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

interface Statements {
  /** Inserts {@link chunkRows} rows. */
  readonly many: SqliteStatement;
  readonly one: SqliteStatement;
  readonly version: SqliteStatement;
  readonly last: SqliteStatement;
  readonly idsSince: SqliteStatement;
  readonly index: SqliteStatement;
  readonly merge: SqliteStatement;
  readonly run: SqliteStatement;
}

const emptyRun = Object.fromEntries(runColumns.map((name) => [name, ""])) as unknown as RunChange;

function prepare(connection: SqliteConnection): Statements {
  const insert = (count: number) => {
    const rows = Array.from({ length: count }, () => Object.fromEntries(eventColumns.map((name) => [name, ""])));
    return connection.prepare(insertEvents(sqliteBuilder, "sqlite", rows as never).compile().sql);
  };
  const events = sqliteBuilder.selectFrom("events");
  return {
    many: insert(chunkRows),
    one: insert(1),
    version: connection.prepare(selectVersion),
    last: connection.prepare(events.select((one) => one.fn.max("position").as("position")).compile().sql),
    idsSince: connection.prepare(events.select("id").where("position", ">", 0).compile().sql),
    index: connection.prepare(indexSince),
    merge: connection.prepare(mergeIndex),
    run: connection.prepare(upsertRuns(sqliteBuilder, [emptyRun]).compile().sql),
  };
}

function writeBatch(connection: SqliteConnection, statements: Statements, rows: readonly EventRow[]): number {
  connection.exec("begin immediate");
  try {
    checkVersion(statements.version.all([]));
    const [top] = statements.last.all([]) as { position: number | null }[];
    const before = top?.position ?? 0;
    const added = insertAll(statements, rows, before);
    if (added.length > 0) {
      statements.index.run([before]);
      statements.merge.run([]);
      for (const change of runChanges(added)) statements.run.run(runValues(change));
    }
    connection.exec("commit");
    return added.length;
  } catch (error) {
    const refused = failureOf(error) === "refused" ? refusedRows(statements, rows) : [];
    rollBack(connection);
    throw refused.length > 0 ? new RefusedRows(refused, error) : error;
  }
}

/** Returns those that were not there yet. */
function insertAll(
  { many, one, idsSince }: Statements,
  rows: readonly EventRow[],
  before: number,
): readonly EventRow[] {
  let count = 0;
  let index = 0;
  for (; index + chunkRows <= rows.length; index += chunkRows) {
    count += Number(many.run(rows.slice(index, index + chunkRows).flatMap(valuesOf)).changes);
  }
  for (const row of rows.slice(index)) count += Number(one.run(valuesOf(row)).changes);
  if (count === rows.length) return rows;
  if (count === 0) return [];
  const added = new Set((idsSince.all([before]) as { id: string }[]).map(({ id }) => id));
  // Of two with one id in a batch the first is there.
  return rows.filter(({ id }) => added.delete(id));
}

const valuesOf = (row: EventRow): unknown[] => eventColumns.map((name) => row[name]);

/** Which rows are refused, by trying each, in the transaction that is given up afterwards. */
function refusedRows({ one }: Statements, rows: readonly EventRow[]): number[] {
  const indexes: number[] = [];
  for (const [index, row] of rows.entries()) {
    try {
      one.run(valuesOf(row));
    } catch (error) {
      if (failureOf(error) !== "refused") return [];
      indexes.push(index);
    }
  }
  return indexes;
}

/** SQLite has rolled back by itself after some errors. */
function rollBack(connection: SqliteConnection): void {
  try {
    connection.exec("rollback");
  } catch {
    // What is told is the error that led here.
  }
}
