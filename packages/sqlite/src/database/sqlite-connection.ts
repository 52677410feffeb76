/** What a value of a column or a parameter may be. `boolean` and `undefined` are bound as `0`/`1` and `null`. */
export type SqliteValue = string | number | bigint | boolean | Uint8Array | null | undefined;

/** A prepared statement. Parameters are given as one list. */
export interface SqliteStatement {
  /** Whether it gives rows: a `SELECT`, or `RETURNING`. */
  readonly reader: boolean;
  all(parameters: readonly unknown[]): unknown[];
  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>;
}

/** One synchronous connection to a SQLite file, the same for every driver. */
export interface SqliteConnection {
  readonly driver: SqliteDriverName;
  /** Absolute, or `:memory:`. */
  readonly path: string;
  /** Runs statements that take no parameters and give no rows. */
  exec(sql: string): void;
  /** A statement for `sql`; those used last are kept prepared. */
  prepare(sql: string): SqliteStatement;
  /** Idempotent. */
  close(): void;
}

export type SqliteDriverName = "node:sqlite" | "better-sqlite3" | "libsql";

/** Opens a file, which is made if it is not there and `readOnly` is not asked for. Sets no pragma. */
export interface SqliteDriver {
  readonly name: SqliteDriverName;
  open(path: string, readOnly: boolean): Omit<SqliteConnection, "driver" | "path">;
}

/** A pragma may do its work row by row and give no column: it has to be read to its end, or it stays under way. */
export const isPragma = (sql: string): boolean => /^\s*pragma\b/i.test(sql);

/** The last statements stay prepared: preparing costs more than most of them take. */
export function cachedStatements<S>(prepare: (sql: string) => S, max = 100): (sql: string) => S {
  const kept = new Map<string, S>();
  return (sql) => {
    let statement = kept.get(sql);
    if (statement === undefined) {
      statement = prepare(sql);
      const [oldest] = kept.size >= max ? kept.keys() : [];
      if (oldest !== undefined) kept.delete(oldest);
    } else {
      kept.delete(sql);
    }
    kept.set(sql, statement);
    return statement;
  };
}
