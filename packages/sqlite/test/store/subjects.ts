import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OwnerIdentity, StateStore } from "@loops/core";
import type { StoreSubject } from "@loops/testing";
import { sql } from "kysely";
import type { Postgres } from "../../../../scripts/services/postgres.js";
import { openDatabase } from "../../src/database/open-database.js";
import type { StoreTables } from "../../src/store/schema.js";
import { type SqlStore, type SqlStoreOptions, sqlStore } from "../../src/store.js";
import { newDatabase } from "./places.js";

const script = fileURLToPath(new URL("../fixtures/kit-store.mjs", import.meta.url));

export const capabilities = {
  shared: true,
  owners: true,
  leases: true,
  corruptible: true,
  failing: true,
  killable: true,
};

/** A SQLite file of one test alone, which locks it from outside to make writing fail. */
export function sqliteSubject(): StoreSubject {
  const directory = mkdtempSync(join(tmpdir(), "sql-store-"));
  const path = join(directory, "runs.db");
  return subjectOf({ path }, `sqlite:${path}`, {
    async fail(outside) {
      await outside(sql`begin exclusive`);
    },
    async heal(outside) {
      await outside(sql`rollback`);
    },
    cleanup: async () => rmSync(directory, { recursive: true, force: true }),
  });
}

/**
 * A database of one test alone in a running server, whose sessions are ended and made read-only, as when another server
 * takes the place of a failed one, to make writing fail.
 */
export async function postgresSubject(postgres: Postgres): Promise<StoreSubject> {
  const own = await newDatabase(postgres);
  const endSessions = sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`;
  return subjectOf({ url: own }, own, {
    async fail(outside) {
      await outside(sql`alter database postgres set default_transaction_read_only = on`);
      await outside(endSessions);
    },
    async heal(outside) {
      await outside(sql`set default_transaction_read_only = off`);
      await outside(sql`alter database postgres reset default_transaction_read_only`);
      await outside(endSessions);
    },
    cleanup: async () => {},
  });
}

type Outside = (statement: ReturnType<typeof sql>) => Promise<unknown>;

interface Surroundings {
  fail(outside: Outside): Promise<void>;
  heal(outside: Outside): Promise<void>;
  cleanup(): Promise<void>;
}

function subjectOf(place: { path: string } | { url: string }, name: string, around: Surroundings): StoreSubject {
  const stores: SqlStore[] = [];
  const open = (options: Partial<SqlStoreOptions> = {}): StateStore => {
    const store = sqlStore({ ...place, timeoutMs: 3000, ...options } as SqlStoreOptions);
    stores.push(store);
    return store;
  };
  const outside = openDatabase<StoreTables>(place);
  const tell: Outside = async (statement) => statement.execute((await outside).db);
  let failed = false;
  return {
    store: open(),
    reopen: () => open(),
    async setOwner(runId: string, owner: OwnerIdentity) {
      const record = JSON.stringify(owner);
      await tell(sql`update loop_runs set owner = ${record} where run_id = ${runId}`);
    },
    async expire(runId: string) {
      await tell(sql`update loop_runs set lease_until_ms = 1 where run_id = ${runId}`);
    },
    async corrupt(runId: string) {
      await tell(sql`update loop_run_states set state = '{"run_id": "' where run_id = ${runId}`);
    },
    faults: {
      async fail() {
        failed = true;
        await around.fail(tell);
      },
      async heal() {
        if (failed) await around.heal(tell);
        failed = false;
      },
    },
    child: { script, args: [name] },
    async cleanup() {
      for (const store of stores) await store.close();
      await (await outside).close();
      await around.cleanup();
    },
  };
}
