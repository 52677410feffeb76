import { dirname, join, resolve } from "node:path";
import { makeDirectoriesSync, parseLine } from "@loops/core/ndjson";
import type { ResolvedSpool } from "../webhook-options.js";
import { PositionFile } from "./position-file.js";
import { SegmentLog, syncDirectory } from "./segment-log.js";
import { type SpoolLock, takeSpoolLock } from "./spool-lock.js";

/** An event of the spool, and the bytes from the end of the one before to its own. */
export interface SpooledEvent {
  readonly json: string;
  readonly start: number;
  readonly end: number;
}

/** What {@link Spool.read} found. */
export interface SpoolBatch {
  readonly events: readonly SpooledEvent[];
  /** Lines that are no events, or are gone. */
  readonly damaged: number;
}

/**
 * Events on disk: written at one end, read at the other, and removed when they are settled. Synchronous. One process
 * has it, and what it finds there is what its predecessor did not settle.
 */
export class Spool {
  /** Events found that were not settled, damaged lines among them. */
  readonly found: number;
  /** Everything before it is settled. */
  done: number;
  /** End of the last batch that was on its way. */
  #taken: number;
  /** Where to go on reading. */
  #read: number;
  /** End of the last event handed out: damaged lines between it and `#read` go with the next one. */
  #handedOut: number;
  readonly #lock: SpoolLock;
  readonly #position: PositionFile;
  readonly #log: SegmentLog;

  /** @throws LoopsError `LOOPS_FILE_OWNED`, and what the file system reports */
  constructor({ path, maxBytes, fsync }: ResolvedSpool) {
    const directory = resolve(path);
    const made = makeDirectoriesSync(directory);
    if (fsync) for (const one of made) syncDirectory(dirname(one));
    this.#lock = takeSpoolLock(join(directory, "lock"));
    let position: PositionFile | undefined;
    try {
      position = new PositionFile(join(directory, "position"));
      const { done, taken } = position.found ?? { done: 0, taken: 0 };
      this.#log = new SegmentLog({ directory, maxBytes, fsync }, done);
      // A position without its file, or from before a loss of power, may be anywhere: rather twice than not at all.
      this.done = this.#log.lineStart(Math.max(done, this.#log.start));
      this.#taken = Math.max(this.done, taken);
      this.#read = this.#handedOut = this.done;
      this.found = this.#log.countFrom(this.done);
      this.#log.release(this.done);
      this.#position = position;
    } catch (error) {
      position?.close();
      this.#lock.release();
      throw error;
    }
  }

  get end(): number {
    return this.#log.end;
  }

  /** What is still to be read of the batch that was on its way when the last process ended. */
  get interruptedBytes(): number {
    return this.#taken <= this.#log.end ? Math.max(0, this.#taken - this.#read) : 0;
  }

  /** Everything that is there has been read. */
  get isRead(): boolean {
    return this.#read === this.#log.end;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#log.hasRoomFor(bytes);
  }

  /** @throws what the file system reports; then nothing was appended */
  append(line: Uint8Array): void {
    this.#log.append(line);
  }

  /** The event that was appended last, as read. Only where everything before it was read. */
  take(json: string): SpooledEvent {
    const event = { json, start: this.#handedOut, end: this.#log.end };
    this.#read = this.#handedOut = event.end;
    this.#log.skipLast();
    return event;
  }

  /** An event that is in memory only, in the order of the others. */
  unwritten(json: string): SpooledEvent {
    return { json, start: this.#handedOut, end: this.#handedOut };
  }

  /** The next events, up to the bounds. @throws what the file system reports */
  read(maxItems: number, maxBytes: number): SpoolBatch {
    const { lines, next, lost } = this.#log.read(this.#read, maxItems, maxBytes);
    const events: SpooledEvent[] = [];
    for (const { bytes, end, foreign } of lines) {
      if (foreign && parseLine(bytes).kind !== "record") continue;
      events.push({ json: bytes.toString(), start: this.#handedOut, end });
      this.#handedOut = end;
    }
    this.#read = next;
    if (events.length === 0) this.#passDamaged();
    return { events, damaged: lost + lines.length - events.length };
  }

  /** Remembers the batch that is about to be sent. @throws what the file system reports */
  markTaken(end: number): void {
    if (end === this.#taken) return;
    this.#taken = end;
    this.#position.write({ done: this.done, taken: end });
  }

  /** Everything before `end` is settled. @throws what the file system reports */
  settle(end: number): void {
    this.done = Math.max(this.done, end);
    this.#passDamaged();
    this.#taken = Math.max(this.done, this.#taken);
    this.#position.write({ done: this.done, taken: this.#taken });
    this.#log.release(this.done);
  }

  /** Gives the spool up, whatever fails. @throws what the file system reports */
  close(): void {
    try {
      this.#log.close();
      this.#log.release(this.done);
    } finally {
      this.#position.close();
      this.#lock.release();
    }
  }

  /** Where nothing is on its way, damaged lines at the end are settled: no event comes that they could go with. */
  #passDamaged(): void {
    if (this.done === this.#handedOut) this.done = this.#handedOut = this.#read;
  }
}
