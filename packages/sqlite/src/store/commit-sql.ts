import { type RawBuilder, sql } from "kysely";
import { type Kind, nowMs, type StoreDb } from "./sql-parts.js";

/** One commit, as it is written. */
export interface CommitRows {
  readonly runId: string;
  readonly epoch: number;
  /** Before this commit. */
  readonly seq: number;
  readonly status: string;
  readonly flushedSeq: number;
  readonly leaseMs: number;
  readonly events: readonly string[];
  /** Goes with the last event; `null` where the whole state is written. */
  readonly delta: string | null;
  readonly state: string | null;
}

/** What the database said to a commit; `null` where the run is not that owner's, or not at that `seq`. */
export interface Committed {
  readonly stop_epoch: number;
}

/**
 * Writes a commit: fenced by the epoch and by the `seq` before it, so that it can be sent again where no answer came, and
 * atomic. It renews the lease.
 */
export function writeCommit(db: StoreDb, kind: Kind, commit: CommitRows): Promise<Committed | null> {
  return kind === "postgres" ? inOneStatement(db, commit) : inTransaction(db, commit);
}

/** One way to the server and back, instead of four. */
async function inOneStatement(db: StoreDb, commit: CommitRows): Promise<Committed | null> {
  const { runId, seq, events, delta, state } = commit;
  const last = seq + events.length;
  const seqs = events.map((_, index) => seq + index + 1);
  const whole =
    state === null
      ? sql``
      : sql`, whole as (
          insert into loop_run_states (run_id, seq, state) select ${runId}::text, ${last}::integer, ${state}::text from held
          on conflict (run_id) do update set seq = excluded.seq, state = excluded.state)`;
  const { rows } = await sql<Committed>`
    with held as (${update("postgres", commit)}),
    kept as (
      insert into loop_run_events (run_id, seq, event, delta)
      select ${runId}::text, e.seq, e.event, case when e.seq = ${last}::integer then ${delta}::text end
      from held, unnest(${seqs}::integer[], ${events}::text[]) as e(seq, event))
    ${whole}
    select stop_epoch from held`.execute(db);
  return rows[0] ?? null;
}

const maxRows = 1000;

/** The update comes first: it takes the lock for writing, and what follows cannot be refused for want of it. */
async function inTransaction(db: StoreDb, commit: CommitRows): Promise<Committed | null> {
  const { runId: run_id, seq, events, delta, state } = commit;
  const last = seq + events.length;
  return db.transaction().execute(async (tx) => {
    const { rows } = await update("sqlite", commit).execute(tx);
    const [held] = rows;
    if (held === undefined) return null;
    const all = events.map((event, index) => ({
      run_id,
      seq: seq + index + 1,
      event,
      delta: seq + index + 1 === last ? delta : null,
    }));
    for (let from = 0; from < all.length; from += maxRows) {
      await tx
        .insertInto("loop_run_events")
        .values(all.slice(from, from + maxRows))
        .execute();
    }
    if (state !== null) {
      await tx
        .insertInto("loop_run_states")
        .values({ run_id, seq: last, state })
        .onConflict((conflict) => conflict.column("run_id").doUpdateSet({ seq: last, state }))
        .execute();
    }
    return held;
  });
}

function update(kind: Kind, { runId, epoch, seq, ...commit }: CommitRows): RawBuilder<Committed> {
  const { status, flushedSeq, leaseMs, events } = commit;
  const last = seq + events.length;
  return sql<Committed>`
    update loop_runs set seq = ${last}, status = ${status}, updated_ms = ${nowMs(kind)},
      flushed_seq = ${flushedSeq}, lease_until_ms = ${nowMs(kind)} + ${leaseMs}
    where run_id = ${runId} and epoch = ${epoch} and seq = ${seq}
    returning stop_epoch`;
}
