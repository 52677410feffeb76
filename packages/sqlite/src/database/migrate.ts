import { LoopsError } from "@loops/core";
import { runAsync, runSync, type Steps, step } from "@loops/core/ndjson";
import {
  CompiledQuery,
  DummyDriver,
  Kysely,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { AnyKysely, DatabaseKind } from "./database-kind.js";
import { whileBusy } from "./open-database.js";
import type { SqliteConnection } from "./sqlite-connection.js";

/** A statement: SQL, a query of the builder, or a fragment made with `sql`. */
export type Statement = string | { compile(): CompiledQuery } | RawBuilder<unknown>;

/**
 * What a version changes, as statements that run in one transaction. `db` only builds them: it must not execute.
 * The first of a list makes version 1.
 */
export type Migration = (db: AnyKysely, kind: DatabaseKind) => readonly Statement[];

export interface MigrateOptions {
  /** Key of `meta` under which the version is kept. @default "schema_version" */
  readonly namespace?: string | undefined;
  /** For so long another process may hold the lock. @default 10000 */
  readonly timeoutMs?: number | undefined;
}

/** One connection, on which statements run one after the other. */
interface Session {
  query(query: CompiledQuery): unknown[] | Promise<unknown[]>;
}

/**
 * Brings the tables to the version of the last migration: each in a transaction of its own that writes its number, as
 * text, into `meta(key, value)`. Several processes may do it at once; a database that is there already is not locked.
 *
 * @throws LoopsError `LOOPS_SCHEMA_NEWER` where the database is of a later version than the program knows
 */
export async function migrate(
  db: AnyKysely,
  kind: DatabaseKind,
  migrations: readonly Migration[],
  { namespace, timeoutMs = 10_000 }: MigrateOptions = {},
): Promise<void> {
  const attempt = () =>
    db.connection().execute((connection) => {
      const query = async (compiled: CompiledQuery) => (await connection.executeQuery(compiled)).rows;
      return runAsync(migrateSteps(connection, kind, migrations, namespace), { query });
    });
  await whileBusy(attempt, timeoutMs);
}

/** The same before it returns. Waits for no lock. @throws LoopsError `LOOPS_SCHEMA_NEWER`, and what the driver throws */
export function migrateSync(
  connection: SqliteConnection,
  migrations: readonly Migration[],
  { namespace }: MigrateOptions = {},
): void {
  const query = ({ sql, parameters }: CompiledQuery) => {
    const statement = connection.prepare(sql);
    if (statement.reader) return statement.all(parameters);
    statement.run(parameters);
    return [];
  };
  runSync(migrateSteps(sqliteBuilder, "sqlite", migrations, namespace), { query });
}

/** The version that the tables have; 0 where there are none. Changes nothing. @throws LoopsError `LOOPS_SCHEMA_NEWER` for what is no version */
export function versionOf(db: AnyKysely, kind: DatabaseKind, namespace = "schema_version"): Promise<number> {
  return db.connection().execute((connection) => {
    const query = async (compiled: CompiledQuery) => (await connection.executeQuery(compiled)).rows;
    const run = (statement: Statement) => step((session: Session) => session.query(compile(statement, connection)));
    return runAsync(versionSteps(connection, kind, namespace, run), { query });
  });
}

/** Builds queries for SQLite, and executes none. */
export const sqliteBuilder: AnyKysely = new Kysely({
  dialect: {
    createDriver: () => new DummyDriver(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** Any number that others do not use: it names the lock that those who migrate take on PostgreSQL. */
const lockNumber = 5_064_812_907;

function* migrateSteps(
  db: AnyKysely,
  kind: DatabaseKind,
  migrations: readonly Migration[],
  key = "schema_version",
): Steps<void, Session> {
  const run = (statement: Statement) => step(({ query }: Session) => query(compile(statement, db)));
  const begin = kind === "sqlite" ? ["begin immediate"] : ["begin", `select pg_advisory_xact_lock(${lockNumber})`];

  while ((yield* versionSteps(db, kind, key, run)) < migrations.length) {
    for (const statement of begin) yield* run(statement);
    try {
      const meta = db.schema.createTable("meta").ifNotExists();
      yield* run(meta.addColumn("key", "text", (column) => column.primaryKey()).addColumn("value", "text"));
      // Read again under the lock: another process may have been faster.
      const version = yield* versionSteps(db, kind, key, run);
      for (const statement of migrations[version]?.(db, kind) ?? []) yield* run(statement);
      if (version < migrations.length) {
        yield* run(db.deleteFrom("meta").where("key", "=", key));
        yield* run(db.insertInto("meta").values({ key, value: String(version + 1) }));
      }
      yield* run("commit");
    } catch (error) {
      yield* rollbackSteps(run);
      throw error;
    }
  }
  const version = yield* versionSteps(db, kind, key, run);
  if (version === migrations.length) return;
  throw new LoopsError(
    "LOOPS_SCHEMA_NEWER",
    `[sqlite] the database has ${key} ${version}, this program knows up to ${migrations.length}: update it`,
  );
}

type Run = (statement: Statement) => Steps<unknown[], Session>;

/** 0 where nothing was made yet. */
function* versionSteps(db: AnyKysely, kind: DatabaseKind, key: string, run: Run): Steps<number, Session> {
  const exists =
    kind === "sqlite"
      ? "select 1 from sqlite_master where type = 'table' and name = 'meta'"
      : "select 1 where to_regclass('meta') is not null";
  if ((yield* run(exists)).length === 0) return 0;
  const [row] = yield* run(db.selectFrom("meta").select("value").where("key", "=", key));
  if (row === undefined) return 0;
  const { value } = row as { value: unknown };
  const version = Number(value);
  if (Number.isInteger(version) && version >= 0) return version;
  throw new LoopsError(
    "LOOPS_SCHEMA_NEWER",
    `[sqlite] ${key} in the table meta is ${JSON.stringify(value)}, no version`,
  );
}

/** After some errors the database has rolled back by itself: then there is nothing to do. */
function* rollbackSteps(run: Run): Steps<void, Session> {
  try {
    yield* run("rollback");
  } catch {
    // What is told is the error that led here.
  }
}

function compile(statement: Statement, db: AnyKysely): CompiledQuery {
  return typeof statement === "string" ? CompiledQuery.raw(statement) : statement.compile(db);
}
