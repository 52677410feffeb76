import { type InsertQueryBuilder, type InsertResult, sql } from "kysely";
import type { AnyKysely, DatabaseKind } from "../database/database-kind.js";
import { type EventRow, searchWords } from "../rows/event-row.js";
import type { RunChange } from "../rows/run-change.js";
import { migrations } from "../schema/migrations.js";

/** The tables are not any more those that the writer has prepared for: it has to open them anew. */
export class OtherSchema extends Error {}

/** Asked in each transaction: a later version of the program may bring the tables up to date meanwhile. */
export const selectVersion = "select value from meta where key = 'schema_version'";

/** @throws OtherSchema */
export function checkVersion(rows: readonly unknown[]): void {
  const [row] = rows as { value: unknown }[];
  if (row?.value !== String(migrations.length)) throw new OtherSchema("the tables are of another version");
}

type Insert = InsertQueryBuilder<never, never, InsertResult>;

/** Adds the events that are not there yet. */
export function insertEvents(db: AnyKysely, kind: DatabaseKind, rows: readonly EventRow[]): Insert {
  const values =
    kind === "sqlite" ? rows : rows.map((row) => ({ ...row, search: sql`to_tsvector('simple', ${searchWords(row)})` }));
  return db
    .insertInto("events")
    .values(values as never)
    .onConflict((conflict) => conflict.column("id").doNothing()) as never;
}

/** Takes into the full text index of SQLite what was inserted behind a position, and merges some pages of it. */
export const indexSince =
  "insert into search_index(rowid, content) select position, content from search_content where position > ?";
export const mergeIndex = "insert into search_index(search_index, rank) values ('merge', 16)";

/** The columns of `runs`, in the order of the values of {@link runValues}. */
export const runColumns = [
  "run_id",
  "loop",
  "parent_run_id",
  "depth",
  "iterations",
  "started_at",
  "updated_at",
  "status",
  "ended_at",
  "error",
  "status_ts",
  "last_state",
  "state_ts",
] as const satisfies readonly (keyof RunChange)[];

/** Nothing said how it stands: it is there, so it runs. */
const runRow = (change: RunChange) => ({ ...change, status: change.status ?? "running" });

export const runValues = (change: RunChange): unknown[] => runColumns.map((name) => runRow(change)[name]);

/**
 * Applies changes to the rows of their runs. Each part is taken where it is later than what is there, so that changes
 * may come in any order, and twice.
 */
export function upsertRuns(db: AnyKysely, changes: readonly RunChange[]): Insert {
  const told = sql<boolean>`excluded.status_ts <> '' and excluded.status_ts >= runs.status_ts`;
  const entered = sql<boolean>`excluded.state_ts <> '' and excluded.state_ts >= runs.state_ts`;
  const later = (column: string, condition: typeof told) =>
    sql`case when ${condition} then ${sql.ref(`excluded.${column}`)} else ${sql.ref(`runs.${column}`)} end`;
  const known = (column: string) => sql`coalesce(${sql.ref(`runs.${column}`)}, ${sql.ref(`excluded.${column}`)})`;
  return db
    .insertInto("runs")
    .columns(runColumns as never)
    .values(changes.map(runRow))
    .onConflict((conflict) =>
      conflict.column("run_id").doUpdateSet({
        loop: known("loop"),
        parent_run_id: known("parent_run_id"),
        depth: known("depth"),
        iterations: later("iterations", sql`runs.iterations is null or excluded.iterations > runs.iterations`),
        started_at: later("started_at", sql`excluded.started_at < runs.started_at`),
        updated_at: later("updated_at", sql`excluded.updated_at > runs.updated_at`),
        status: later("status", told),
        ended_at: later("ended_at", told),
        error: later("error", told),
        status_ts: later("status_ts", told),
        last_state: later("last_state", entered),
        state_ts: later("state_ts", entered),
      }),
    ) as never;
}
