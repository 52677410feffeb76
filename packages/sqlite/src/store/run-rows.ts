import { sql } from "kysely";
import type { RunTable } from "./schema.js";
import { laterDeltas, leaseHolds, type StoreDb } from "./sql-parts.js";
import type { StoredState } from "./state-codec.js";
import type { OpenedStore } from "./store-context.js";

/** A run without its state: who has it, and how it stands. */
export type RunRow = Pick<
  RunTable,
  "run_id" | "loop_name" | "parent_run_id" | "status" | "started_at" | "archived_ms" | "in_place"
> &
  Pick<RunTable, "seq" | "flushed_seq" | "epoch" | "owner" | "lease_until_ms"> & { readonly lease_holds: boolean };

export type WholeRun = RunRow & StoredState;

export interface RunFilter {
  readonly runId?: string | undefined;
  readonly runIds?: readonly string[] | undefined;
  readonly loop?: string | undefined;
  readonly parent?: string | undefined;
  /** @default both */
  readonly archived?: boolean | undefined;
}

const columns = [
  "r.run_id",
  "r.loop_name",
  "r.parent_run_id",
  "r.status",
  "r.started_at",
  "r.archived_ms",
  "r.in_place",
  "r.seq",
  "r.flushed_seq",
  "r.epoch",
  "r.owner",
  "r.lease_until_ms",
] as const;

/** Runs without their states, in no order; also those that have no commit yet. */
export async function readRows({ db, kind }: Pick<OpenedStore, "db" | "kind">, filter: RunFilter): Promise<RunRow[]> {
  const rows = await filtered(db, filter).select(columns).select(leaseHolds(kind).as("lease_holds")).execute();
  return rows.map((row) => ({ ...row, lease_holds: row.lease_holds === 1 }));
}

/** Runs with all that is on record of their states, as of one moment; only those that have a commit. */
export async function readWhole({ db, kind }: OpenedStore, filter: RunFilter): Promise<WholeRun[]> {
  const rows = await filtered(db, filter)
    .leftJoin("loop_run_states as s", "s.run_id", "r.run_id")
    .select(columns)
    .select(["s.seq as state_seq", "s.state as state"])
    .select([leaseHolds(kind).as("lease_holds"), laterDeltas(kind).as("deltas")])
    .where("r.seq", ">", 0)
    .execute();
  return rows.map((row) => ({ ...row, lease_holds: row.lease_holds === 1 }));
}

function filtered(db: StoreDb, { runId, runIds, loop, parent, archived }: RunFilter) {
  let query = db.selectFrom("loop_runs as r");
  if (runId !== undefined) query = query.where("r.run_id", "=", runId);
  if (runIds !== undefined) query = query.where("r.run_id", "in", runIds);
  if (loop !== undefined) query = query.where("r.loop_name", "=", loop);
  if (parent !== undefined) query = query.where("r.parent_run_id", "=", parent);
  if (archived !== undefined)
    query = query.where(sql<boolean>`r.archived_ms is ${sql.raw(archived ? "not null" : "null")}`);
  return query;
}
