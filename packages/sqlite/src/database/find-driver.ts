import { createRequire } from "node:module";
import { errorMessage, LoopsError } from "@loops/core";
import { type BetterSqlite3, betterSqlite3Driver } from "./better-sqlite3.js";
import { nodeSqliteDriver } from "./node-sqlite.js";
import type { SqliteDriver, SqliteDriverName } from "./sqlite-connection.js";

/** How a driver is looked for; what is not given is that of this process. */
export interface DriverSources {
  /** Gives a module that is part of the runtime, or `undefined`. */
  readonly builtin?: (id: string) => unknown;
  /** Loads an installed package, or throws. */
  readonly load?: (id: string) => unknown;
}

const peers = ["better-sqlite3", "libsql"] as const;
/** In the order in which they are looked for. */
export const driverNames: readonly SqliteDriverName[] = ["node:sqlite", ...peers];
const require = createRequire(import.meta.url);
let found: SqliteDriver | undefined;

/** The first driver that works here, or the one of that name. Looked for once. @throws LoopsError `LOOPS_SQLITE_DRIVER` */
export function sqliteDriver(name?: SqliteDriverName): SqliteDriver {
  if (name !== undefined) return findDriver({}, [name]);
  found ??= findDriver();
  return found;
}

/**
 * `node:sqlite` where the runtime has it, else `better-sqlite3`, else `libsql`. One that is installed and does not load,
 * because it was never compiled, counts as missing.
 *
 * @throws LoopsError `LOOPS_SQLITE_DRIVER`, which says what to install and what does not load
 */
export function findDriver(
  { builtin = (id) => process.getBuiltinModule?.(id as never), load = require }: DriverSources = {},
  names: readonly SqliteDriverName[] = driverNames,
): SqliteDriver {
  const broken: unknown[] = [];
  for (const name of names) {
    try {
      const driver = name === "node:sqlite" ? ofRuntime(builtin(name)) : ofPackage(name, load(name));
      if (driver !== undefined) return driver;
    } catch (error) {
      if (!isAbsent(error, name)) broken.push(new Error(`${name}: ${errorMessage(error)}`, { cause: error }));
    }
  }
  const why = broken.map((error) => `; installed, but does not load: ${firstLine(error)}`).join("");
  const install = "install libsql (prebuilt) or better-sqlite3 (compiled on install): npm install libsql";
  throw new LoopsError(
    "LOOPS_SQLITE_DRIVER",
    `[sqlite] no driver for SQLite in Node ${process.versions.node}: use Node 22.13 or later, which has one, or ${install}${why}`,
    { cause: broken.length > 1 ? new AggregateError(broken) : broken[0] },
  );
}

function ofRuntime(module: unknown): SqliteDriver | undefined {
  return module === undefined ? undefined : nodeSqliteDriver(module as never);
}

function ofPackage(name: (typeof peers)[number], module: unknown): SqliteDriver {
  const Database = typeof module === "function" ? module : (module as { default?: unknown }).default;
  const driver = betterSqlite3Driver(name, Database as BetterSqlite3);
  // What was installed without its compiled part loads, and fails when it is used.
  driver.open(":memory:", false).close();
  return driver;
}

/** Not installed: that very package is not found, not something that it needs. */
function isAbsent(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === "MODULE_NOT_FOUND" && String(message).includes(`'${name}'`);
}

const firstLine = (error: unknown) => errorMessage(error).split("\n", 1)[0];
