import {
  isLoopsError,
  type LoopEvent,
  type LoopsError,
  type RunLease,
  type StateDelta,
  type StoredEvent,
  type StoredRun,
} from "@loops/core";
import { sql } from "kysely";
import { type CommitRows, type Committed, writeCommit } from "./commit-sql.js";
import { Heartbeat } from "./heartbeat.js";
import { nowMs, type StoreDb } from "./sql-parts.js";
import { applyDelta, decodeEvent, encodeCommit, stringify } from "./state-codec.js";
import type { StoreContext } from "./store-context.js";
import { leaseLost, leaseOver, writeFailed } from "./store-errors.js";

/** How often it is looked whether somebody asked to stop, at most; each commit tells it too. */
const stopCheckIntervalMs = 100;
/** Changes are written as such until there are so many characters of them, or as many as the whole state has. */
const minDeltasLength = 32 * 1024;

export interface Taken {
  readonly runId: string;
  readonly epoch: number;
  /** As it is on record. */
  readonly owner: string;
  readonly state: StoredRun;
  readonly seq: number;
  readonly flushedSeq: number;
  /** Of the whole state on record, and of the changes since, in characters. */
  readonly stateLength: number;
  readonly deltasLength: number;
  /** When it was asked for, by `performance.now()`: the lease holds so long from then on, or longer. */
  readonly askedMs: number;
}

/** A run held for writing. Owns its heartbeat. */
export class SqlLease implements RunLease {
  readonly runId: string;
  readonly epoch: number;
  readonly #context: StoreContext;
  readonly #owner: string;
  readonly #heartbeat: Heartbeat;
  readonly #lost = new AbortController();
  #state: StoredRun;
  #seq: number;
  #flushedSeq: number;
  /** Of the whole state on record, and of the changes since. */
  #stateLength: number;
  #deltasLength: number;
  /** Why nothing more may be committed. */
  #failure: LoopsError | undefined;
  #released: Promise<void> | undefined;
  #stopRequested = false;
  #stopCheckedMs = Number.NEGATIVE_INFINITY;
  #committing: Promise<unknown> = Promise.resolve();

  constructor(context: StoreContext, taken: Taken) {
    const { runId, askedMs } = taken;
    this.runId = runId;
    this.epoch = taken.epoch;
    this.#context = context;
    this.#owner = taken.owner;
    this.#state = taken.state;
    this.#seq = taken.seq;
    this.#flushedSeq = taken.flushedSeq;
    this.#stateLength = taken.stateLength;
    this.#deltasLength = taken.deltasLength;
    this.#heartbeat = new Heartbeat({
      leaseMs: context.leaseMs,
      askedMs,
      renew: (timeoutMs) => this.#renew(timeoutMs),
      onOver: (cause) => this.#lose(isLoopsError(cause, "LOOPS_LEASE_LOST") ? cause : leaseOver(runId, cause)),
    });
  }

  get state(): StoredRun {
    return this.#state;
  }

  get seq(): number {
    return this.#seq;
  }

  get flushedSeq(): number {
    return this.#flushedSeq;
  }

  /** Aborted, with the error as its reason, once the run is or may be another's. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async commit(events: readonly LoopEvent[], delta: StateDelta): Promise<void> {
    if (this.#released !== undefined) throw this.#failure ?? leaseLost(this.runId, this.epoch);
    const commit = this.#committing.then(() => this.#commit(events, delta));
    this.#committing = commit.catch(() => undefined);
    return commit;
  }

  events(after: number): Promise<readonly StoredEvent[]> {
    const upTo = this.#seq;
    return this.#context.read(`the events of run ${this.runId}`, async ({ db }) => {
      const rows = await db
        .selectFrom("loop_run_events")
        .select(["seq", "event"])
        .where("run_id", "=", this.runId)
        .where("seq", ">", after)
        .where("seq", "<=", upTo)
        .orderBy("seq")
        .execute();
      return rows.map(({ seq, event }) => ({ seq, event: decodeEvent(this.runId, event) }));
    });
  }

  stopRequested(): boolean | Promise<boolean> {
    if (this.#stopRequested || this.#released !== undefined) return this.#stopRequested;
    return performance.now() - this.#stopCheckedMs < stopCheckIntervalMs ? false : this.#lookForStop();
  }

  /** Written with the next commit, the next renewal, or when the run is given up. */
  markFlushed(seq: number): void {
    if (this.#released !== undefined) return;
    this.#flushedSeq = Math.max(this.#flushedSeq, Math.min(seq, this.#seq));
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #commit(events: readonly LoopEvent[], delta: StateDelta): Promise<void> {
    if (this.#heartbeat.remainingMs() <= 0) await this.#heartbeat.beat();
    if (this.#failure !== undefined) throw this.#failure;
    const next = applyDelta(this.#state, delta);
    const rows = this.#rows(events, delta, next);
    const target = this.#seq + events.length;
    const what = `a commit of run ${this.runId}`;
    let askedMs = 0;
    let attempts = 0;
    const committed = await this.#context.write(
      what,
      async ({ db, kind }) => {
        askedMs = this.#heartbeat.now();
        attempts += 1;
        const answer = await writeCommit(db, kind, rows);
        // It may have been written by an attempt that got no answer.
        return answer ?? (attempts > 1 ? this.#written(db, target) : null);
      },
      this.#heartbeat.remainingMs(),
    );
    if (committed === null) throw await this.#refused(what);
    this.#heartbeat.renewed(askedMs);
    this.#heard(committed.stop_epoch);
    this.#state = next;
    this.#seq = target;
    if (rows.state !== null) [this.#stateLength, this.#deltasLength] = [rows.state.length, 0];
    else this.#deltasLength += rows.delta?.length ?? 0;
    // The answer may have come so late that another has taken the run by now: it must not be acted upon.
    if (this.#heartbeat.remainingMs() <= 0) await this.#heartbeat.beat();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #rows(events: readonly LoopEvent[], delta: StateDelta, next: StoredRun): CommitRows {
    const encoded = encodeCommit(this.runId, events, delta);
    const most = Math.max(minDeltasLength, this.#stateLength);
    const whole = this.#seq === 0 || this.#deltasLength + encoded.delta.length > most;
    return {
      runId: this.runId,
      epoch: this.epoch,
      seq: this.#seq,
      status: next.status,
      flushedSeq: this.#flushedSeq,
      leaseMs: this.#context.leaseMs,
      events: encoded.events,
      delta: whole ? null : encoded.delta,
      state: whole ? stringify(this.runId, next) : null,
    };
  }

  async #written(db: StoreDb, seq: number): Promise<Committed | null> {
    const row = await this.#look(db);
    return row?.epoch === this.epoch && row.seq === seq ? row : null;
  }

  /** Why a commit was refused: the run is another's, or an earlier commit of which nobody knew was written after all. */
  async #refused(what: string): Promise<LoopsError> {
    const row = await this.#context.write(what, ({ db }) => this.#look(db));
    if (row?.epoch === this.epoch && row.owner === this.#owner && row.seq !== this.#seq) {
      this.#failure = writeFailed(what, new Error("an earlier commit, which had failed, is on record after all"));
    } else this.#lose(leaseLost(this.runId, this.epoch));
    return this.#failure as LoopsError;
  }

  #look(db: StoreDb) {
    return db
      .selectFrom("loop_runs")
      .select(["epoch", "seq", "owner", "stop_epoch"])
      .where("run_id", "=", this.runId)
      .executeTakeFirst();
  }

  async #lookForStop(): Promise<boolean> {
    this.#stopCheckedMs = performance.now();
    try {
      const row = await this.#context.read(`run ${this.runId}`, ({ db }) => this.#look(db));
      if (row !== undefined) this.#heard(row.stop_epoch);
    } catch {
      // A database that cannot be read stops no run: the next commit finds out, and says so.
    }
    return this.#stopRequested;
  }

  #heard(stopEpoch: number): void {
    this.#stopCheckedMs = performance.now();
    if (stopEpoch === this.epoch) this.#stopRequested = true;
  }

  /** @throws LoopsError `LOOPS_LEASE_LOST` where the run is another's, and as the store does where it cannot be told */
  async #renew(timeoutMs: number): Promise<void> {
    const marked = this.#flushedSeq;
    const row = await this.#context.write(
      `the lease of run ${this.runId}`,
      async ({ db, kind }) => {
        const { rows } = await sql<{ readonly stop_epoch: number }>`
          update loop_runs set lease_until_ms = ${nowMs(kind)} + ${this.#context.leaseMs}, flushed_seq = ${marked}
          where run_id = ${this.runId} and epoch = ${this.epoch} and owner = ${this.#owner}
          returning stop_epoch`.execute(db);
        return rows[0];
      },
      timeoutMs,
    );
    if (row === undefined) throw leaseLost(this.runId, this.epoch);
    this.#heard(row.stop_epoch);
  }

  #lose(error: LoopsError): void {
    this.#failure ??= error;
    this.#heartbeat.stop();
    if (!this.#lost.signal.aborted) this.#lost.abort(this.#failure);
  }

  async #release(): Promise<void> {
    await this.#committing;
    this.#heartbeat.stop();
    try {
      await this.#context.write(`the end of the lease of run ${this.runId}`, async ({ db }) => {
        const own = { run_id: this.runId, epoch: this.epoch, owner: this.#owner };
        if (this.#seq === 0) {
          // Given up before its first commit, it never was.
          const { run_id, epoch, owner } = own;
          await sql`delete from loop_runs where run_id = ${run_id} and epoch = ${epoch} and owner = ${owner} and seq = 0`.execute(
            db,
          );
        }
        await sql`
          update loop_runs set owner = null, lease_until_ms = 0, flushed_seq = ${this.#flushedSeq}
          where run_id = ${own.run_id} and epoch = ${own.epoch} and owner = ${own.owner}`.execute(db);
      });
    } finally {
      this.#context.forget(this.#owner);
    }
  }
}
