import type { SqliteStatement } from "./sqlite-connection.js";

/** The part of a libsql database that is used here. */
export interface LibsqlDatabase {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
}

const bounds = /^\s*(?:begin|commit|end|rollback)\b/i;
const writes = /^\s*(?:insert|update|delete|replace|create|drop|alter)\b/i;

/**
 * A statement of libsql that is safe where another process holds the lock.
 *
 * SQLite leaves a statement that is refused for a lock under way, to be reset or tried again; libsql does neither, and
 * cannot be told to. Outside of a transaction SQLite commits nothing while a statement is under way: all that the
 * connection writes from then on is invisible to others, and lost at its end. So the lock is taken, and given back, by
 * `exec`, which leaves no statement behind; one that is stepped under the lock cannot be refused for want of it.
 */
export function libsqlStatement(db: LibsqlDatabase, sql: string, statement: SqliteStatement): SqliteStatement {
  if (bounds.test(sql)) {
    const run = () => {
      db.exec(sql);
      return { changes: 0, lastInsertRowid: 0 };
    };
    return { ...statement, run };
  }
  if (!writes.test(sql)) return statement;
  const underLock = <T>(write: () => T): T => {
    if (db.inTransaction) return write();
    db.exec("begin immediate");
    try {
      const result = write();
      db.exec("commit");
      return result;
    } catch (error) {
      if (db.inTransaction) db.exec("rollback");
      throw error;
    }
  };
  return {
    ...statement,
    all: (parameters) => underLock(() => statement.all(parameters)),
    run: (parameters) => underLock(() => statement.run(parameters)),
  };
}
