import { existsSync } from "node:fs";
import { isAbsolute, resolve, sep } from "node:path";
import { errorMessage, isLoopsError, LoopsError } from "@loops/core";
import type { History } from "@loops/sqlite";
import { badInput } from "./bad-input.js";
import { type ConfigOptions, readConfig } from "./config.js";
import type { Terminal } from "./terminal.js";

/** Options of the commands that ask the history. */
export interface HistoryPlaceOptions extends ConfigOptions {
  readonly db?: string | undefined;
  readonly base: string;
}

/**
 * Asks the history that the sink `sqlite` writes, and closes it whatever happened.
 *
 * @throws LoopsError `LOOPS_USAGE` where there is none, `LOOPS_NOT_INSTALLED`, and what the package throws
 */
export async function withHistory<T>(
  terminal: Terminal,
  options: HistoryPlaceOptions,
  work: (history: History) => Promise<T>,
): Promise<T> {
  const { events } = await readConfig(options, terminal);
  const place = historyPlace(options, (events?.["sqlite"] ?? {}) as Readonly<Record<string, unknown>>);
  if ("path" in place && !existsSync(place.path)) {
    const how =
      'events are kept in one by the sink "sqlite" (transports: [sqlite] of --events or of the configuration)';
    throw badInput(`There is no history at ${place.path}: ${how}.`);
  }
  const history = await openToRead(place);
  try {
    return await work(history);
  } finally {
    await history.close();
  }
}

/** A question changes nothing, least of all a database of somebody else's; but a history of an older version becomes one of this. */
async function openToRead(place: HistoryPlace): Promise<History> {
  const { openHistory } = await loadSqlite();
  try {
    return await openHistory({ ...place, readOnly: true });
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_SCHEMA_OLDER")) throw error;
    return await openHistory(place);
  }
}

type HistoryPlace = { readonly path: string } | { readonly url: string };

/** `--db`, else what the sink is configured to write, else its default. */
function historyPlace(
  { db, base }: HistoryPlaceOptions,
  { url, path }: Readonly<Record<string, unknown>>,
): HistoryPlace {
  if (db !== undefined) return /^postgres(ql)?:\/\//.test(db) ? { url: db } : { path: resolve(db) };
  if (typeof url === "string") return { url };
  return { path: belowBase(base, typeof path === "string" ? path : "session.db") };
}

/** As sinks resolve their paths: relative ones lie below the base directory, and a first part `.ll` stands for it. */
function belowBase(base: string, path: string): string {
  if (isAbsolute(path)) return path;
  const [first, ...rest] = path.split(/[\\/]/);
  return resolve(base, first === ".ll" ? rest.join(sep) : path);
}

/** Loaded only by those who ask. */
async function loadSqlite(): Promise<typeof import("@loops/sqlite")> {
  try {
    return await import("@loops/sqlite");
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown };
    if (code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message = `The history needs a package that is not installed: npm install @loops/sqlite (${errorMessage(cause).split("\n")[0]})`;
    throw new LoopsError("LOOPS_NOT_INSTALLED", message, { cause });
  }
}
