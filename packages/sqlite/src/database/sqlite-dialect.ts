import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from "kysely";
import type { SqliteConnection } from "./sqlite-connection.js";

/**
 * Kysely over a connection of ours. A transaction takes the write lock when it begins, unless it is told to only read:
 * one that reads first and writes later fails half way when another process has written in between.
 */
export function sqliteDialect(connection: SqliteConnection): Dialect {
  return {
    createDriver: () => new ImmediateDriver({ database: connection }),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    const sql = settings?.accessMode === "read only" ? "begin" : "begin immediate";
    await connection.executeQuery(CompiledQuery.raw(sql));
  }
}
