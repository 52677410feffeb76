import type { LoopEvent, LoopsError, OwnerIdentity, RunLease, StateDelta, StoredEvent } from "@loops/core";
import type { RunState } from "../run-state.js";
import { applyDelta } from "../step/delta.js";
import { replaceFile } from "./atomic-write.js";
import { Blobs } from "./blobs.js";
import { encodeCommit } from "./commit-codec.js";
import { readStoredEvents } from "./events-reader.js";
import type { Journal } from "./journal.js";
import type { RunPaths } from "./layout.js";
import { removeOwner } from "./owner.js";
import { isStopRequested } from "./stop-request.js";
import type { StoreContext } from "./store-context.js";
import { leaseLost, writeFailed } from "./store-errors.js";
import { TrailingThrottle } from "./throttle.js";
import { encodeView } from "./view.js";

/** How often the view may be written, and how often it is looked whether somebody asked to stop. */
const viewIntervalMs = 50;
const stopCheckIntervalMs = 50;

export interface FileLeaseOptions {
  readonly paths: RunPaths;
  readonly ownerPath: string;
  readonly owner: OwnerIdentity;
  readonly epoch: number;
  readonly state: RunState;
  readonly seq: number;
  readonly flushedSeq: number;
  readonly journal: Journal;
  /** The journal has lost commits: the next one has to stand by itself. */
  readonly wholeNext: boolean;
}

/** A run held for writing. Owns the journal's descriptor, the owner file and the timer of the view. */
export class FileLease implements RunLease<RunState> {
  readonly runId: string;
  readonly epoch: number;
  readonly #context: StoreContext;
  readonly #options: FileLeaseOptions;
  readonly #journal: Journal;
  readonly #blobs: Blobs;
  readonly #view = new TrailingThrottle(() => this.#writeView(this.#options.owner), viewIntervalMs);
  #state: RunState;
  #seq: number;
  #flushedSeq: number;
  #wholeNext: boolean;
  /** Why nothing more may be committed. */
  #failure: LoopsError | null = null;
  #released = false;
  #stopRequested = false;
  #stopCheckedMs = Number.NEGATIVE_INFINITY;

  constructor(context: StoreContext, options: FileLeaseOptions) {
    this.runId = options.state.run_id;
    this.epoch = options.epoch;
    this.#context = context;
    this.#options = options;
    this.#journal = options.journal;
    this.#blobs = new Blobs(context, options.paths.blobs);
    this.#state = options.state;
    this.#seq = options.seq;
    this.#flushedSeq = options.flushedSeq;
    this.#wholeNext = options.wholeNext;
  }

  get state(): RunState {
    return this.#state;
  }

  get seq(): number {
    return this.#seq;
  }

  get flushedSeq(): number {
    return this.#flushedSeq;
  }

  commit(events: readonly LoopEvent[], delta: StateDelta): void {
    if (this.#released) throw this.#failure ?? leaseLost(this.runId, this.epoch);
    this.#assertOwner();
    const first = this.#seq === 0;
    const whole = this.#wholeNext;
    const next = applyDelta(this.#state, delta);
    const lines = encodeCommit({
      runId: this.runId,
      epoch: this.epoch,
      firstSeq: this.#seq + 1,
      events,
      // A journal is whole: its first commit carries the state that later ones change.
      delta: this.#blobs.storedDelta(first || whole ? { set: next } : delta),
      whole,
    });
    this.#journal.append(lines);
    this.#wholeNext = false;
    // Looked at again behind the write: whoever takes over reads the journal after making the owner file, so either
    // this sees that file and nothing is done, or the new owner sees the intent.
    if (delta.set?.["phase"] === "acting") this.#assertOwner();
    const statusChanged = first || next.status !== this.#state.status;
    this.#state = next;
    this.#seq += events.length;
    if (statusChanged) this.#view.now();
    else this.#view.request();
    if (this.#failure !== null) throw this.#failure;
  }

  events(after: number): readonly StoredEvent[] {
    return readStoredEvents(this.#options.paths.journal, after, this.#seq);
  }

  stopRequested(): boolean {
    const nowMs = performance.now();
    if (!this.#stopRequested && nowMs - this.#stopCheckedMs >= stopCheckIntervalMs) {
      this.#stopCheckedMs = nowMs;
      const who = { run_id: this.runId, epoch: this.epoch };
      this.#stopRequested = isStopRequested(this.#context.fs, this.#options.paths, who);
    }
    return this.#stopRequested;
  }

  markFlushed(seq: number): void {
    const flushed = Math.min(seq, this.#seq);
    if (this.#released || flushed <= this.#flushedSeq) return;
    this.#flushedSeq = flushed;
    this.#view.request();
  }

  release(): void {
    if (this.#released) return;
    this.#view.stop();
    if (this.#seq > 0) this.#writeView(null);
    this.#released = true;
    this.#journal.close();
    // What is another owner's is left alone: the stop request names its epoch, the view was not written.
    if (this.#failure?.code === "LOOPS_LEASE_LOST") return;
    const { paths, ownerPath } = this.#options;
    this.#remove(paths.stop);
    if (this.#seq === 0) this.#remove(paths.journal);
    removeOwner(this.#context, ownerPath);
  }

  /** @throws LoopsError where the run is no longer ours to write, from then on at each commit */
  #assertOwner(): void {
    this.#checkOwner();
    if (this.#failure !== null) throw this.#failure;
  }

  #checkOwner(): void {
    if (this.#failure !== null || this.#context.fs.existsSync(this.#options.ownerPath)) return;
    this.#failure = this.#journal.moved ? this.#movedAway() : leaseLost(this.runId, this.epoch);
  }

  #writeView(owner: OwnerIdentity | null): void {
    this.#checkOwner();
    if (this.#failure?.code === "LOOPS_LEASE_LOST") return;
    const { state: path } = this.#options.paths;
    try {
      const view = encodeView({
        state: this.#blobs.storedState(this.#state),
        position: { seq: this.#seq, epoch: this.epoch, offset: this.#journal.end },
        flushedSeq: this.#flushedSeq,
        owner,
        updatedAt: new Date().toISOString(),
      });
      replaceFile(this.#context, path, `${path}.${this.epoch}.tmp`, Buffer.from(view));
    } catch (error) {
      if (this.#journal.moved) this.#failure ??= this.#movedAway();
      const message = `the view ${path} could not be written; the journal has everything`;
      this.#context.warn({ type: "view_not_written", path, message, error });
    }
  }

  /** Commits would go on without an error, into a file that nobody can find. */
  #movedAway(): LoopsError {
    return writeFailed(this.#journal.path, new Error("it was moved or deleted from outside"), true);
  }

  #remove(path: string): void {
    try {
      this.#context.fs.rmSync(path, { force: true });
    } catch (error) {
      this.#context.warn({ type: "not_removed", path, message: "a file of no more use stays behind", error });
    }
  }
}
