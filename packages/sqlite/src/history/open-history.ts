import { LoopsError } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import type { Kysely } from "kysely";
import { type BackfillResult, type BackfillSource, backfill } from "../backfill/backfill.js";
import type { AnyKysely, DatabaseKind } from "../database/database-kind.js";
import { migrate, versionOf } from "../database/migrate.js";
import { type DatabaseGiven, openDatabase } from "../database/open-database.js";
import type { Kind } from "../rows/kind-of.js";
import { migrations } from "../schema/migrations.js";
import type { HistorySchema } from "../schema/tables.js";
import { type EventFilter, type EventRecord, events } from "./events.js";
import { type PruneOptions, type PruneResult, prune } from "./prune.js";
import { ask } from "./read-failure.js";
import { type RecentRow, recent } from "./recent.js";
import { type RunDetail, type RunDetailOptions, runDetail } from "./run-detail.js";
import { type RunFilter, type RunSummary, runs } from "./runs.js";
import { type SearchHit, type SearchOptions, search } from "./search.js";
import { type StateStats, type StatsFilter, stats } from "./stats.js";

/**
 * Questions about what happened. Each waits for a lock of another process for up to 2 seconds.
 *
 * All reject with `LOOPS_HISTORY_BUSY` while the database stays locked, `LOOPS_HISTORY_READ` where it does not answer,
 * and `LOOPS_CONFIG` for what they were given.
 */
export interface History {
  /** For any other question: Kysely with the types of all tables and views. */
  readonly db: Kysely<HistorySchema>;
  /** Events of one kind, newest first. 0 is none, a negative limit all. @default 20 */
  recent<K extends Kind>(kind: K, limit?: number): Promise<RecentRow<K>[]>;
  /** Events that have all the words, best first. @throws LoopsError `LOOPS_SEARCH_SYNTAX` */
  search(query: string, options?: SearchOptions): Promise<SearchHit[]>;
  /** Events that fit, newest first. */
  events(filter?: EventFilter): Promise<EventRecord[]>;
  /** Runs that fit, newest first. */
  runs(filter?: RunFilter): Promise<RunSummary[]>;
  /** A run with its states and actions; `null` if there is none. */
  run(id: string, options?: RunDetailOptions): Promise<RunDetail | null>;
  /** By loop and state: how many actions, how many failed, how long they took. */
  stats(filter?: StatsFilter): Promise<StateStats[]>;
  /** Deletes old events, in short steps beside those who write, and gives the room back. */
  prune(options: PruneOptions): Promise<PruneResult>;
  /** Takes in what a directory of loops knows, or any events. What is there already stays as it is. */
  backfill(source: BackfillSource): Promise<BackfillResult>;
  /** Closes what was opened here. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export type HistoryGiven = DatabaseGiven & {
  /** Makes nothing, neither a file nor tables, and brings nothing up to date. @default false */
  readonly readOnly?: boolean | undefined;
};

/**
 * Opens the history that a `sqliteTransport` writes. What is not there is made, and an older one is brought up to date;
 * with `readOnly` neither.
 *
 * @throws LoopsError `LOOPS_CONFIG`, `LOOPS_SQLITE_DRIVER`, `LOOPS_POSTGRES_DRIVER`, `LOOPS_SCHEMA_NEWER`;
 * `LOOPS_SQLITE_MISSING` and `LOOPS_SCHEMA_OLDER` where there is nothing that can only be read; `LOOPS_HISTORY_BUSY`,
 * `LOOPS_HISTORY_READ`
 */
export async function openHistory(given: HistoryGiven): Promise<History> {
  checkGiven(given);
  const database = await ask(() => openDatabase<HistorySchema>(given));
  const { db, kind, close } = database;
  try {
    await ask(() => (given.readOnly === true ? checkVersion(db, kind) : migrate(db, kind, migrations)));
  } catch (error) {
    await close();
    throw error;
  }
  // One in memory is that of its connection: another would fill its own.
  const inMemory = database.connection?.path === ":memory:";
  const changing = async <T>(work: () => Promise<T>): Promise<T> => {
    if (given.readOnly !== true) return await work();
    throw new LoopsError("LOOPS_CONFIG", "[sqlite] the history is open with readOnly: prune and backfill change it");
  };
  return {
    db,
    recent: (what, limit = 20) => ask(() => recent(db, what, limit)),
    search: (query, options) => ask(() => search(db, kind, query, options)),
    events: (filter) => ask(() => events(db, filter)),
    runs: (filter) => ask(() => runs(db, filter)),
    run: (id, options) => ask(() => runDetail(db, id, options)),
    stats: (filter) => ask(() => stats(db, filter)),
    prune: (options) => changing(() => prune(db, kind, options)),
    backfill: (source) => changing(() => backfill(inMemory ? { db } : given, source)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function checkGiven(given: HistoryGiven): void {
  const form = 'openHistory({ path: ".ll/session.db" })';
  if (typeof given !== "object" || given === null) throw new LoopsError("LOOPS_CONFIG", `[sqlite] write ${form}`);
  checkKnownOptions("sqlite", given, ["path", "url", "db", "driver", "readOnly"]);
  const { path, url, db } = given as { path?: unknown; url?: unknown; db?: unknown };
  if ([path, url, db].filter((one) => one !== undefined).length === 1) return;
  throw new LoopsError("LOOPS_CONFIG", `[sqlite] give one of path, url and db: ${form}`);
}

/** Of a database that must not be changed: nothing older or newer can be asked. */
async function checkVersion(db: AnyKysely, kind: DatabaseKind): Promise<void> {
  const [version, known] = [await versionOf(db, kind), migrations.length];
  if (version === known) return;
  if (version === 0) {
    throw new LoopsError(
      "LOOPS_SQLITE_MISSING",
      "[sqlite] there is no history in the database, or none was ever written",
    );
  }
  const [code, what] =
    version > known
      ? (["LOOPS_SCHEMA_NEWER", "update it"] as const)
      : (["LOOPS_SCHEMA_OLDER", "open it once without readOnly"] as const);
  throw new LoopsError(
    code,
    `[sqlite] the database has schema_version ${version}, this program reads ${known}: ${what}`,
  );
}
