import {
  createReporter,
  type Deadline,
  type Due,
  LoopsError,
  type Reporter,
  startDeadline,
  type TransportContext,
  warnOnError,
} from "@loops/core";
import type { FileLock } from "@loops/core/lock";
import { Compressor } from "./compressor.js";
import { asyncDisk, type Disk, stalled, syncDisk } from "./disk.js";
import { withFaults } from "./file-calls.js";
import type { ResolvedOptions } from "./jsonl-options.js";
import { type Appender, LineFile } from "./line-file.js";
import { forgetAtExit, isExiting, releaseAtExit, releaseNow, unwatchExit, watchExit } from "./release-at-exit.js";
import { RotatingFile, type RotationStats } from "./rotating-file.js";

/** A write in flight that is older is one that hangs: nothing synchronous is begun beside it. */
const patienceMs = 1000;
/** What knows the deadline itself, and ends because of it, still has to say so. */
const slackMs = 50;

/** The writing side of one file: puts the file, its lock, its disk and the compression of its past together. */
export class LogWriter {
  readonly #options: ResolvedOptions;
  readonly #disk: Disk;
  readonly #file: Appender;
  readonly #rotating: RotatingFile | undefined;
  readonly #compressor: Compressor;
  readonly #reporter: Reporter;
  #report: (error: unknown) => void;
  #releaseLock: (() => void) | undefined;

  constructor(options: ResolvedOptions) {
    const { path, mode, rotation, onError } = options;
    this.#options = options;
    this.#reporter = createReporter("jsonl", onError ?? warnOnError);
    this.#report = this.#reporter;
    const report = (error: unknown) => this.#report(error);
    const fs = withFaults(options.fs);
    this.#disk = options.async ? asyncDisk(fs, path, report) : syncDisk(fs);
    this.#compressor = new Compressor({ mode, report });
    const plain = new LineFile(options);
    this.#rotating =
      rotation &&
      new RotatingFile({
        ...options,
        rotation,
        report,
        compress: (rotated) => this.#compressor.add(rotated),
        onLock: (lock, held) => this.#watchLock(lock, held),
      });
    this.#file = this.#rotating ?? plain;
    this.#makeDirectory(plain);
  }

  /** From now on it is to be closed. */
  start(): void {
    if (this.#rotating !== undefined) watchExit(this);
  }

  get rotation(): RotationStats | undefined {
    return this.#rotating?.stats;
  }

  attach(context: TransportContext): void {
    // The bus bounds the rate of what it is told; an own onError goes before it.
    if (this.#options.onError === undefined) this.#report = (error) => context.report(error);
  }

  write(lines: readonly string[]): void | Promise<void> {
    try {
      return this.#disk.run(this.#file.append(lines));
    } finally {
      this.#releaseIfExiting();
    }
  }

  /** Beside a write in flight, whose lines may then be there twice, it has a descriptor of its own. */
  writeSync(lines: readonly string[]): void {
    try {
      this.#writeSync(lines);
    } finally {
      this.#releaseIfExiting();
    }
  }

  #writeSync(lines: readonly string[]): void {
    const busyMs = this.#disk.busyMs() ?? 0;
    const { path } = this.#options;
    if (busyMs > patienceMs) throw stalled(path, busyMs);
    // Nothing in flight touches the file before it has the lock, which is made to be taken beside.
    if (this.#disk.busyMs() === undefined || this.#rotating?.owned === false) {
      this.#disk.runSync(this.#file.append(lines));
      return;
    }
    const beside = new LineFile(this.#options);
    try {
      this.#disk.runSync(beside.append(lines));
    } finally {
      this.#disk.runSync(beside.close());
    }
  }

  async sync(due: Due): Promise<void> {
    if (!(await due.wait(Promise.resolve(this.#disk.run(this.#file.sync()))))) {
      const message = `[jsonl] flush reached its deadline before ${this.#options.path} was forced to the disk`;
      throw new LoopsError("LOOPS_FLUSH_TIMEOUT", message);
    }
  }

  syncNow(): void {
    // What is in flight then is not known to be anywhere: its batch was written again, beside it, and forced there.
    if (this.#disk.busyMs() === undefined) this.#disk.runSync(this.#file.sync());
  }

  async close(deadline: Deadline): Promise<void> {
    const due = startDeadline(deadline, 0);
    if (!(await due.wait(this.#close(due), 2 * slackMs))) {
      const what = `[jsonl] close reached its deadline while the disk of ${this.#options.path} did not answer`;
      throw new LoopsError("LOOPS_CLOSE_TIMEOUT", `${what}; the file is closed once it does`);
    }
  }

  async #close(due: Due): Promise<void> {
    try {
      await this.#disk.run(this.#file.close());
    } finally {
      await this.#compressor.close(due, slackMs);
      try {
        if (this.#rotating !== undefined) await this.#disk.run(this.#rotating.release());
      } finally {
        unwatchExit(this);
        this.#reporter.end();
      }
    }
  }

  #releaseIfExiting(): void {
    if (isExiting() && this.#releaseLock !== undefined) releaseNow(this.#releaseLock);
  }

  #watchLock(lock: FileLock, held: boolean): void {
    if (this.#releaseLock !== undefined) forgetAtExit(this.#releaseLock);
    this.#releaseLock = undefined;
    if (!held) return;
    this.#releaseLock = () => {
      if ((this.#disk.busyMs() ?? 0) <= patienceMs) this.#disk.runSync(lock.release());
    };
    releaseAtExit(this.#releaseLock);
  }

  /** At once, so that others find it. The first write tries again, and reports: a sink that cannot work stops nobody. */
  #makeDirectory(file: LineFile): void {
    try {
      const made = this.#disk.run(file.makeDirectory());
      if (made !== undefined) made.catch(() => {});
    } catch {
      // As above.
    }
  }
}
