import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus, type LoopEvent } from "@loops/core";
import { openSqlite } from "../src/database/open-sqlite.js";
import { eventOf } from "../src/history/event-of.js";
import { type SqliteTransportOptions, sqliteTransport } from "../src/index.js";

/** A folder of its own, and what removes it. */
export function freshFolder(): { readonly folder: string; readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "loops-sqlite-"));
  return { folder, path: join(folder, "session.db"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs SQL on a connection of its own, and gives the rows of the last statement. */
export function sqlOn<T = Record<string, unknown>>(path: string, sql: string): T[] {
  const connection = openSqlite({ path });
  try {
    const statement = connection.prepare(sql);
    if (statement.reader) return statement.all([]) as T[];
    statement.run([]);
    return [];
  } finally {
    connection.close();
  }
}

/** What a file has, in the order of arrival. */
export function eventsIn(path: string): LoopEvent[] {
  return sqlOn<{ json: string; raw: string | null }>(path, "select json, raw from events order by position").map(
    eventOf,
  );
}

/** A bus with a sink, quick to try again, and the errors that it told. */
export function busWith(options: SqliteTransportOptions) {
  const errors: { code?: string; message: string }[] = [];
  const bus = createBus();
  const onError = (error: unknown) => errors.push(error as { message: string });
  const sink = sqliteTransport({ flushIntervalMs: 5, lockTimeoutMs: 30, maxRetryMs: 20, onError, ...options });
  bus.addTransport(sink);
  return { bus, sink, errors };
}
