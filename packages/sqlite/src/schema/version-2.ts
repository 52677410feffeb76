import { sql } from "kysely";
import type { AnyKysely, DatabaseKind } from "../database/database-kind.js";
import type { Migration } from "../database/migrate.js";
import { legacyRows } from "./legacy-rows.js";
import { postgresViews } from "./postgres-views.js";
import { sqliteViews } from "./sqlite-views.js";

/** Every event in one table, a row for each run; what was a table of its own becomes a view with the same columns. */
export const version2: Migration = (db, kind) => [
  eventsTable(db, kind),
  runsTable(db, kind),
  db.schema.createIndex("events_by_ts").on("events").column("ts"),
  db.schema.createIndex("events_by_run").on("events").columns(["run_id", "position"]),
  db.schema.createIndex("events_by_state").on("events").columns(["state", "ts"]).where("state", "is not", null),
  db.schema.createIndex("events_by_kind").on("events").columns(["kind", "position"]).where("kind", "is not", null),
  db.schema.createIndex("runs_by_start").on("runs").column("started_at"),
  ...(kind === "sqlite" ? [...legacyRows, ...sqliteViews] : postgresViews),
];

/** Compared by their bytes on both: the order of a language is slower, and puts no times in order. */
const bytewise = (kind: DatabaseKind) => (kind === "sqlite" ? sql`text` : sql`text collate "C"`);

function eventsTable(db: AnyKysely, kind: DatabaseKind) {
  const table = db.schema.createTable("events");
  const keyed =
    kind === "sqlite"
      ? table.addColumn("position", "integer", (column) => column.primaryKey())
      : table.addColumn("position", "bigint", (column) => column.primaryKey().generatedAlwaysAsIdentity());
  const filled = keyed
    .addColumn("id", bytewise(kind), (column) => column.notNull().unique())
    .addColumn("ts", bytewise(kind), (column) => column.notNull())
    .addColumn("event", "text", (column) => column.notNull())
    .addColumn("loop", "text")
    .addColumn("run_id", bytewise(kind))
    .addColumn("parent_run_id", "text")
    .addColumn("depth", "integer")
    .addColumn("state", "text")
    .addColumn("verdict", "text")
    .addColumn("exit_code", "integer")
    .addColumn("duration_ms", "double precision")
    .addColumn("kind", "text")
    .addColumn("json", kind === "sqlite" ? "text" : "jsonb", (column) => column.notNull())
    .addColumn("raw", "text");
  return kind === "sqlite" ? filled : filled.addColumn("search", sql`tsvector`);
}

function runsTable(db: AnyKysely, kind: DatabaseKind) {
  return db.schema
    .createTable("runs")
    .addColumn("run_id", bytewise(kind), (column) => column.primaryKey())
    .addColumn("loop", "text")
    .addColumn("parent_run_id", "text")
    .addColumn("depth", "integer")
    .addColumn("status", "text", (column) => column.notNull())
    .addColumn("iterations", "integer")
    .addColumn("last_state", "text")
    .addColumn("started_at", bytewise(kind), (column) => column.notNull())
    .addColumn("ended_at", bytewise(kind))
    .addColumn("error", "text")
    .addColumn("updated_at", bytewise(kind), (column) => column.notNull())
    .addColumn("status_ts", bytewise(kind), (column) => column.notNull())
    .addColumn("state_ts", bytewise(kind), (column) => column.notNull());
}
