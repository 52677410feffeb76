import { cachedStatements, isPragma, type SqliteDriver, type SqliteStatement } from "./sqlite-connection.js";

/** The part of `node:sqlite` that is used: the types of Node 20 do not know it. */
export interface NodeSqlite {
  readonly DatabaseSync: new (
    path: string,
    options: { readOnly: boolean },
  ) => {
    exec(sql: string): void;
    prepare(sql: string): NodeStatement;
    close(): void;
  };
}

interface NodeStatement {
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(...parameters: unknown[]): IterableIterator<unknown>;
  /** From 22.16 on. */
  columns?(): unknown[];
}

/** The driver that is part of Node from 22.13 on; there it prints an ExperimentalWarning, from 24 on it does not. */
export function nodeSqliteDriver({ DatabaseSync }: NodeSqlite): SqliteDriver {
  return {
    name: "node:sqlite",
    open(path, readOnly) {
      const db = new DatabaseSync(path, { readOnly });
      let open = true;
      const prepare = (sql: string) => statementOf(db.prepare(sql), sql, () => db.prepare(sql));
      return {
        exec: (sql) => db.exec(sql),
        prepare: cachedStatements(prepare),
        close() {
          if (open) db.close();
          open = false;
        },
      };
    },
  };
}

function statementOf(statement: NodeStatement, sql: string, fresh: () => NodeStatement): SqliteStatement {
  return {
    reader: isPragma(sql) || (statement.columns === undefined ? looksLikeReader(sql) : statement.columns().length > 0),
    all: (parameters) => statement.all(...parameters.map(bindable)),
    run: (parameters) => statement.run(...parameters.map(bindable)),
    // Of its own: a cached one could be run again while somebody still iterates.
    iterate: (parameters) => fresh().iterate(...parameters.map(bindable)),
  };
}

const looksLikeReader = (sql: string) => /^\s*(select|with|explain|values)\b|\breturning\b/i.test(sql);

const bindable = (value: unknown) => (typeof value === "boolean" ? Number(value) : (value ?? null));
