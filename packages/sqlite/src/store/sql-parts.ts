import { type Kysely, type RawBuilder, sql } from "kysely";
import type { StoreTables } from "./schema.js";

export type StoreDb = Kysely<StoreTables>;
export type Kind = "sqlite" | "postgres";

/** The clock of the database, in milliseconds since 1970: the one clock that all owners share. */
export function nowMs(kind: Kind): RawBuilder<number> {
  // 2440587.5 is the Julian day of 1970-01-01.
  return kind === "sqlite"
    ? sql<number>`((julianday('now') - 2440587.5) * 86400000.0)`
    : sql<number>`(extract(epoch from clock_timestamp()) * 1000)::double precision`;
}

/** 1 while the lease of a row of `loop_runs` is not over. */
export function leaseHolds(kind: Kind): RawBuilder<number> {
  return sql<number>`case when owner is not null and lease_until_ms > ${nowMs(kind)} then 1 else 0 end`;
}

/** The deltas behind the whole state of a row of `loop_runs` joined with `loop_run_states`: `[seq,delta],…`. */
export function laterDeltas(kind: Kind): RawBuilder<string | null> {
  const later = sql`from loop_run_events e where e.run_id = r.run_id and e.seq > s.seq and e.delta is not null`;
  return kind === "sqlite"
    ? sql`(select group_concat('[' || e.seq || ',' || e.delta || ']', ',') ${later})`
    : sql`(select string_agg('[' || e.seq || ',' || e.delta || ']', ',') ${later})`;
}
