import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LoopsError } from "@loops/core";
import { sqliteDriver } from "./find-driver.js";
import type { SqliteConnection, SqliteDriverName } from "./sqlite-connection.js";

export interface OpenSqliteOptions {
  /** Relative to the working directory. `:memory:` is a database of this connection alone. */
  readonly path: string;
  /** Neither makes a file nor changes one. @default false */
  readonly readOnly?: boolean | undefined;
  /** @default the first that works */
  readonly driver?: SqliteDriverName | undefined;
}

/**
 * Opens a file, which is made with its directory if it is not there, for its owner alone (0600).
 *
 * WAL, so that readers and a writer do not wait for each other; `synchronous = NORMAL`, so that what was committed
 * survives the process, and after a loss of power the file is whole and may lack the last transactions. The driver never
 * waits for a lock: whoever calls tries again, with the event loop free meanwhile.
 *
 * @throws LoopsError `LOOPS_SQLITE_DRIVER`, `LOOPS_SQLITE_MISSING` for a file that is not there and only to be read
 * @throws what the driver throws, for `failureOf`
 */
export function openSqlite({ path: given, readOnly = false, driver: name }: OpenSqliteOptions): SqliteConnection {
  const driver = sqliteDriver(name);
  const path = given === ":memory:" ? given : resolve(given);
  if (path !== ":memory:") {
    if (!readOnly) makeFile(path);
    else if (!existsSync(path)) {
      throw new LoopsError("LOOPS_SQLITE_MISSING", `[sqlite] there is no database at ${path}`);
    }
  }
  const opened = driver.open(path, readOnly);
  try {
    opened.exec("pragma busy_timeout = 0");
    opened.exec("pragma foreign_keys = on");
    // A driver may not know how to open for reading alone.
    if (readOnly) opened.exec("pragma query_only = on");
    else {
      // So that a file which is pruned can get smaller. Of a file that has pages it would ask for the lock, and do nothing.
      const [pages] = opened.prepare("pragma page_count").all([]) as { page_count: number }[];
      if (pages?.page_count === 0) opened.exec("pragma auto_vacuum = incremental");
      opened.prepare("pragma journal_mode = wal").all([]);
      opened.exec("pragma synchronous = normal");
    }
  } catch (error) {
    opened.close();
    throw error;
  }
  return { driver: driver.name, path, ...opened };
}

/** SQLite gives what it makes beside the file (WAL, shared memory) the permissions of the file. */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
}
