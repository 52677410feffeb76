import { LoopsError, type StateStore, type StoredRun, timerMs, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import { migrate } from "../database/migrate.js";
import { checkDatabase, type DatabaseGiven, openDatabase } from "../database/open-database.js";
import { acquireRun } from "./acquire-run.js";
import { archiveRun } from "./archive-run.js";
import { createRun } from "./create-run.js";
import { HeldRuns } from "./held-runs.js";
import { storeMigrations } from "./migrations.js";
import { checkName, isName } from "./names.js";
import { findRun, listRuns, readEvents, readHistory } from "./read-runs.js";
import { requestStop } from "./request-stop.js";
import type { StoreTables } from "./schema.js";
import { type OpenedStore, StoreContext } from "./store-context.js";

/** Where the runs are, and how they are held. */
export type SqlStoreOptions = SqlStorePlace & {
  /**
   * For how long an owner on another machine is taken to live after its last sign, in milliseconds: so long a run whose
   * machine has died waits for the next owner. An owner that cannot renew its lease in time stops by itself before that.
   * @default 30000
   */
  readonly leaseMs?: number | undefined;
  /** For how long a locked file, a lost connection or a server that starts anew is waited for, in milliseconds. @default 10000 */
  readonly timeoutMs?: number | undefined;
  /**
   * What a commit to a file opened here survives: the death of the process (`process`), or a loss of power too (`power`), at
   * the price of waiting for the disk. PostgreSQL does as its `synchronous_commit` says.
   * @default "process"
   */
  readonly durability?: "process" | "power" | undefined;
};

/** A SQLite file, a PostgreSQL by its URL, or a Kysely instance of the caller, which is never closed. */
export type SqlStorePlace =
  | { readonly path: string; readonly driver?: "node:sqlite" | "better-sqlite3" | "libsql" | undefined }
  | { readonly url: string }
  | { readonly db: Extract<DatabaseGiven, { db: unknown }>["db"] };

export interface SqlStore<S extends StoredRun = StoredRun> extends StateStore<S> {
  /** Closes what was opened here, once the runs that are held have been given up. Idempotent. */
  close(): Promise<void>;
}

const optionNames = ["path", "driver", "url", "db", "leaseMs", "timeoutMs", "durability"];
const minLeaseMs = 100;
const minSilenceMs = 500;

/**
 * Keeps runs in a database: in a SQLite file for the processes of one machine, in PostgreSQL for many machines. Commits
 * are atomic, fenced by the epoch of their owner, and survive a `kill -9`. A run has one writer: a dead process on this
 * machine is known to be dead at once, one elsewhere when its lease is over, by the clock of the database.
 *
 * Opened and given its tables with the first call. Its methods reject with `LOOPS_STORE_READ` or `LOOPS_STORE_WRITE` where
 * the database cannot be used for `timeoutMs`, and as `StateStore` says.
 *
 * @throws LoopsError `LOOPS_CONFIG`
 */
export function sqlStore<S extends StoredRun = StoredRun>(options: SqlStoreOptions): SqlStore<S> {
  const settings = checked(options);
  const { leaseMs, timeoutMs } = settings;
  const context = new StoreContext({ open: (broken) => openStore(options, settings, broken), leaseMs, timeoutMs });
  const held = new HeldRuns(context);

  const store: SqlStore = {
    async create(state, { clearPrevious = true } = {}) {
      checkName("loop name", state.loop_name);
      checkName("run id", state.run_id);
      return createRun(context, state, clearPrevious);
    },

    async acquire(runId) {
      checkName("run id", runId);
      return acquireRun(context, runId);
    },

    find: async (nameOrRunId) => (isName(nameOrRunId) ? findRun(context, nameOrRunId) : null),

    isOwned: async (runId) => isName(runId) && held.has(runId),

    list: () => listRuns(context),

    history: async (loop) => (isName(loop) ? readHistory(context, loop) : { runs: [], corrupt: [] }),

    readEvents: async (loop, runId, after = 0) =>
      isName(loop) && isName(runId) ? readEvents(context, { loop, runId, after }) : [],

    async requestStop(runId) {
      checkName("run id", runId);
      return requestStop(context, runId);
    },

    async archive(runId, options) {
      checkName("run id", runId);
      return archiveRun(context, runId, options);
    },

    close: () => context.close(),
  };
  // What the store does not know of a state it keeps as it is.
  return store as unknown as SqlStore<S>;
}

interface Settings {
  readonly leaseMs: number;
  readonly timeoutMs: number;
  readonly durability: "process" | "power";
}

function checked(options: SqlStoreOptions): Settings {
  checkKnownOptions("sql-store", options, optionNames);
  const places = ["path", "url", "db"].filter((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (places.length !== 1) {
    throw new LoopsError("LOOPS_CONFIG", "[sql-store] give one of path, url and db: where the runs are to be kept");
  }
  const { durability = "process" } = options;
  if (durability !== "process" && durability !== "power") {
    throw new LoopsError(
      "LOOPS_CONFIG",
      `[sql-store] durability must be "process" or "power", not ${JSON.stringify(durability)}`,
    );
  }
  const { leaseMs, timeoutMs } = withDefaults("sql-store", options, { leaseMs: 30_000, timeoutMs: 10_000 });
  if (leaseMs < minLeaseMs) {
    throw new LoopsError("LOOPS_CONFIG", `[sql-store] leaseMs must be at least ${minLeaseMs}, not ${leaseMs}`);
  }
  const settings = { leaseMs, timeoutMs, durability };
  checkDatabase(placeOf(options, settings));
  return settings;
}

/** A server is taken for cut off early enough to be asked once more, in time for both the caller and the lease. */
function silenceOf({ leaseMs, timeoutMs }: Settings): number {
  return timerMs(Math.max(minSilenceMs, Math.min(timeoutMs / 2, leaseMs / 4)));
}

async function openStore(place: SqlStorePlace, settings: Settings, broken: AbortSignal): Promise<OpenedStore> {
  const { db, kind, connection, abort, close } = await openDatabase<StoreTables>(placeOf(place, settings));
  broken.addEventListener("abort", abort);
  try {
    if (settings.durability === "power") connection?.exec("pragma synchronous = full");
    await migrate(db, kind, storeMigrations, { namespace: "store_version" });
  } catch (error) {
    await close();
    throw error;
  }
  return { db, kind, close };
}

/** Without the options that are the store's alone. */
function placeOf(place: SqlStorePlace, settings: Settings): DatabaseGiven {
  if ("db" in place && place.db !== undefined) return { db: place.db };
  if ("url" in place && place.url !== undefined) return { url: place.url, silenceMs: silenceOf(settings) };
  const { path, driver } = place as Extract<SqlStorePlace, { path: unknown }>;
  return { path, driver };
}
