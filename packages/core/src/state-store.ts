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
  /** The run that this one is a child of; absent or `null` for a run that somebody started. */
  readonly parent_run_id?: string | null;
  readonly [field: string]: unknown;
}

/**
 * How a commit changes the state: `set` replaces top-level fields, `captured` adds or replaces entries of `captured`.
 * A field that is `undefined` is not in it; `null` is a value.
 */
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
   * Aborted, with the error as its reason, once the store knows that the run is another's, or may be soon because the
   * lease cannot be renewed: what is under way is to end, and nothing can be committed any more. Absent where a store
   * finds that out at the next commit only.
   */
  readonly lost?: AbortSignal | undefined;
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
  /**
   * Archives what is left of the loop's previous runs whose owner is gone, with their children: the one in the loop's
   * own place, and those beside it that have ended; of very many a part, and the next one goes on with it. Children of a run that is still there stay for their parent, and a
   * child clears nothing.
   * @default true
   */
  readonly clearPrevious?: boolean | undefined;
}

export interface ArchiveOptions {
  /**
   * Archives also a run that could be gone on with: a child that used up its iterations, once its parent has recorded that.
   * @default false
   */
  readonly resumable?: boolean | undefined;
}

/**
 * Where runs live. fsm's file and memory stores implement it; `storeConformance` of `@loops/testing` tries any other.
 *
 * A method answers at once or with a promise, and throws or rejects alike: callers await it. Where a store cannot be
 * read at all it throws `LOOPS_STORE_READ`, where it cannot be written `LOOPS_STORE_WRITE`, and for a name or id that
 * it cannot keep `LOOPS_NAME`.
 */
export interface StateStore<S extends StoredRun = StoredRun> {
  /**
   * Creates a run and leases it. It is there for others from its first commit on, which is the caller's; given up before
   * that, it never was. An id is used once.
   * @throws `LOOPS_RUN_EXISTS` where a run has that id, live or archived
   */
  create(state: S, options?: CreateRunOptions): MaybePromise<RunLease<S>>;
  /**
   * Leases an existing run for going on with it. Of several that try, one gets it.
   * @throws `LOOPS_RUN_NOT_FOUND`, also for an archived run; `LOOPS_RUN_OWNED` while its owner lives;
   * `LOOPS_STATE_CORRUPT`; `LOOPS_STATE_VERSION` when it can be read but not gone on with
   */
  acquire(runId: string): MaybePromise<RunLease<S>>;
  /**
   * By the exact name of a loop, its latest run that has no parent; by an id, any run. `null` if there is none. Not
   * among archived runs: what it finds can be gone on with or looked into, and `history` has the others.
   * @throws `LOOPS_STATE_CORRUPT` where the only one that fits cannot be read
   */
  find(nameOrRunId: string): MaybePromise<S | null>;
  /** Whether the process that owns the run lives; `false` for a run that is not there. */
  isOwned(runId: string): MaybePromise<boolean>;
  /** All runs that are not archived, ended ones and children too, in no order. */
  list(): MaybePromise<RunList<S>>;
  /** Archived runs of a loop by its exact name, newest `started_at` first. */
  history(loop: string): MaybePromise<RunList<S>>;
  /**
   * The events of a run, live or archived, in order; none if there is no such run.
   *
   * @param after leaves out so many of them, from the front: those that a follower has had. @default 0
   */
  readEvents(loop: string, runId: string, after?: number): MaybePromise<readonly LoopEvent[]>;
  /**
   * Asks the present owner of a run to stop after the current state. A later owner is not meant; without an owner
   * there is nothing to stop.
   * @throws `LOOPS_RUN_NOT_FOUND`
   */
  requestStop(runId: string): MaybePromise<void>;
  /**
   * Moves a run that has ended (`completed`, `failed`, `timed_out`; with `resumable` any) into the history, after its
   * children, which nobody will ask for any more. A run that is archived already stays so: after a crash this can be
   * called again.
   * @throws `LOOPS_RUN_NOT_FOUND`; `LOOPS_RUN_NOT_ENDED` for a run that can be gone on with; `LOOPS_RUN_OWNED` while
   * its owner lives
   */
  archive(runId: string, options?: ArchiveOptions): MaybePromise<void>;
}
