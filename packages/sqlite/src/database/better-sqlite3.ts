import { type LibsqlDatabase, libsqlStatement } from "./libsql-statement.js";
import {
  cachedStatements,
  isPragma,
  type SqliteDriver,
  type SqliteDriverName,
  type SqliteStatement,
} from "./sqlite-connection.js";

/** The part of better-sqlite3 that is used; libsql has the same. */
export type BetterSqlite3 = new (
  path: string,
  options: object,
) => LibsqlDatabase & {
  prepare(sql: string): SqliteStatement;
  close(): unknown;
};

export function betterSqlite3Driver(name: SqliteDriverName, Database: BetterSqlite3): SqliteDriver {
  // libsql hands texts on up to their first NUL: the rest must not be lost for it.
  const text = name === "libsql" ? withoutNul : (value: string) => value;
  return {
    name,
    open(path, readOnly) {
      const db = new Database(path, { readonly: readOnly, fileMustExist: readOnly, timeout: 0 });
      let open = true;
      const prepare = (sql: string): SqliteStatement => {
        const statement = db.prepare(sql);
        const bound = (parameters: readonly unknown[]) => parameters.map((value) => bindable(value, text));
        const made: SqliteStatement = {
          reader: statement.reader || isPragma(sql),
          all: (parameters) => statement.all(bound(parameters)),
          run: (parameters) => statement.run(bound(parameters)),
          // Of its own: a cached one could be run again while somebody still iterates.
          iterate: (parameters) => db.prepare(sql).iterate(bound(parameters)),
        };
        return name === "libsql" ? libsqlStatement(db, sql, made) : made;
      };
      return {
        exec(sql) {
          db.exec(sql);
        },
        prepare: cachedStatements(prepare),
        close() {
          if (open) db.close();
          open = false;
        },
      };
    },
  };
}

function bindable(value: unknown, text: (value: string) => string): unknown {
  if (typeof value === "string") return text(value);
  return typeof value === "boolean" ? Number(value) : (value ?? null);
}

const withoutNul = (value: string) => (value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value);
