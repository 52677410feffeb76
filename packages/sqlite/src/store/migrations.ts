import type { Migration } from "../database/migrate.js";

/** The schema of the store, one version after the other. What is released is never changed. */
export const storeMigrations: readonly Migration[] = [
  (_db, kind) => {
    // Names are compared byte by byte, whatever the language of the server.
    const text = kind === "postgres" ? 'text collate "C"' : "text";
    const run = `run_id ${text} not null references loop_runs (run_id) on delete cascade`;
    return [
      `create table loop_runs (
        run_id ${text} primary key not null,
        loop_name ${text} not null,
        parent_run_id ${text},
        status ${text} not null,
        started_at ${text} not null,
        updated_ms double precision not null,
        archived_ms double precision,
        in_place integer not null,
        seq integer not null,
        flushed_seq integer not null,
        epoch integer not null,
        owner text,
        lease_until_ms double precision not null,
        stop_epoch integer not null)`,
      // A loop has one run in its own place: of two that begin at once, one goes beside the other.
      "create unique index loop_runs_place on loop_runs (loop_name) where in_place = 1 and archived_ms is null",
      "create index loop_runs_by_loop on loop_runs (loop_name, started_at)",
      "create index loop_runs_by_parent on loop_runs (parent_run_id) where parent_run_id is not null",
      "create index loop_runs_live on loop_runs (run_id) where archived_ms is null",
      `create table loop_run_states (${run}, seq integer not null, state text not null, primary key (run_id))`,
      `create table loop_run_events (
        ${run}, seq integer not null, event text not null, delta text, primary key (run_id, seq))`,
    ];
  },
];
