import type { LoopEvent } from "./event.js";

type MaybePromise<T> = T | Promise<T>;

/** Who owns a run: survives the reuse of a pid, because the start time and the boot differ. */
export interface OwnerIdentity {
  readonly pid: number;
  /** Start time of the process as the system counts it; `null` where it cannot be read. */
  readonly start_time: string | null;
  readonly boot_id: string | null;
  readonly host: string;
}

/**
 * The fields of a persisted run that every store needs to know. An engine's own state adds to them; a store keeps
 * what it does not know as it is.
 */
export interface StoredRun {
  readonly run_id: string;
  readonly loop_name: string;
  /** `running`, `completed`, `failed`, `interrupted`, `awaiting_continuation`, `timed_out`. */
  readonly status: string;
  /** ISO 8601 UTC, set once. */
  readonly started_at: string;
  readonly [field: string]: unknown;
}

/** How a commit changes the state: `set` replaces top-level fields, `captured` adds or replaces entries of `captured`. */
export interface StateDelta {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly captured?: Readonly<Record<string, unknown>>;
}

/** An event as stored: with its place in the run. */
export interface StoredEvent {
  /** From 1, without holes within a run. */
  readonly seq: number;
  readonly event: LoopEvent;
}

/**
 * The right to write one run. Commits are atomic (state and events together), in order, and refused with
 * `LOOPS_LEASE_LOST` once another owner has taken the run over.
 */
export interface RunLease<S extends StoredRun = StoredRun> {
  readonly runId: string;
  /** Fencing token: rises with each owner of the run. */
  readonly epoch: number;
  /** The state as last committed. Do not change it; commit a delta. */
  readonly state: S;
  /** The `seq` of the last committed event, 0 before the first. */
  readonly seq: number;
  /**
   * The `seq` up to which events are known to have reached the sinks, 0 if none: what a resume emits again is
   * `events(flushedSeq)`. After a crash it may lag behind what was marked, it is never ahead.
   */
  readonly flushedSeq: number;
  /**
   * Commits events and the change of the state they stand for, both or neither. There is no commit without an event,
   * and no event has fields named `seq` or `commit`: those are the store's.
   * @throws LoopsError `LOOPS_STORE_WRITE` when it cannot be written, `LOOPS_LEASE_LOST` when the run is another's,
   * `LOOPS_COMMIT` when it is no commit
   */
  commit(events: readonly LoopEvent[], delta: StateDelta): MaybePromise<void>;
  /** The committed events with `seq` above `after`, in order. */
  events(after: number): MaybePromise<readonly StoredEvent[]>;
  /** Whether somebody asked the run to stop. Cheap: called between states. */
  stopRequested(): MaybePromise<boolean>;
  /** Records that every event up to `seq` has reached the sinks. May be written later, never before. */
  markFlushed(seq: number): MaybePromise<void>;
  /** Gives the run up. Idempotent. */
  release(): MaybePromise<void>;
}

/** A run that could not be read: reported in lists beside those that could. */
export interface CorruptRun {
  /** File or key of the entry. */
  readonly where: string;
  readonly error: Error;
}

export interface RunList<S extends StoredRun = StoredRun> {
  readonly runs: readonly S[];
  readonly corrupt: readonly CorruptRun[];
}

export interface CreateRunOptions {
  /** Archives what is left of the loop's previous run, if its owner is dead, and takes its place. @default true */
  readonly clearPrevious?: boolean | undefined;
}

/** Where runs live. fsm's file and memory stores implement it, and those in sqlite. */
export interface StateStore<S extends StoredRun = StoredRun> {
  /** Creates a run and leases it. The first commit is the caller's. @throws `LOOPS_RUN_EXISTS` */
  create(state: S, options?: CreateRunOptions): MaybePromise<RunLease<S>>;
  /**
   * Leases an existing run for going on with it.
   * @throws `LOOPS_RUN_NOT_FOUND`, `LOOPS_RUN_OWNED` while its owner lives, `LOOPS_STATE_CORRUPT`,
   * `LOOPS_STATE_VERSION` when it can be read but not gone on with
   */
  acquire(runId: string): MaybePromise<RunLease<S>>;
  /** The latest run of a loop by its exact name, or the run with that id; `null` if there is none. */
  find(nameOrRunId: string): MaybePromise<S | null>;
  /** Whether the process that owns the run lives. */
  isOwned(runId: string): MaybePromise<boolean>;
  /** All runs that are not archived, ended ones too. */
  list(): MaybePromise<RunList<S>>;
  /** Archived runs of a loop by its exact name, newest first. */
  history(loop: string): MaybePromise<RunList<S>>;
  /** The events of a run, live or archived; empty if there are none. */
  readEvents(loop: string, runId: string): MaybePromise<readonly LoopEvent[]>;
  /**
   * Asks the present owner of a run to stop after the current state. A later owner is not meant; without an owner
   * there is nothing to stop.
   * @throws `LOOPS_RUN_NOT_FOUND`
   */
  requestStop(runId: string): MaybePromise<void>;
}
