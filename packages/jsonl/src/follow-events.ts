import { resolve } from "node:path";
import { type LoopEvent, LoopsError, withDefaults } from "@loops/core";
import { ChangeWatch } from "./change-watch.js";
import { type BadFileLine, LogReader } from "./log-reader.js";
import type { ReadGap } from "./read-gap.js";
import { checkCallbacks, checkPath } from "./read-path.js";
import { parsePosition } from "./read-position.js";

export interface FollowEventsOptions {
  /** Go on behind the event after which {@link EventFollower.position} was this; `null` to begin by `from`. @default null */
  readonly position?: string | null | undefined;
  /** Begin with the file's first event, or with those that come from now on. @default "start" */
  readonly from?: "start" | "end" | undefined;
  /** Begin with the oldest rotated file, compressed or not. @default false */
  readonly rotated?: boolean | undefined;
  /** Is told of each line that is skipped, in order. */
  readonly onBad?: ((line: BadFileLine) => void) | undefined;
  /** Is told where events may be missing, before the event that comes after. */
  readonly onGap?: ((gap: ReadGap) => void) | undefined;
  /** Where the file system does not tell of changes, they are seen after so long. @default 500 */
  readonly pollIntervalMs?: number | undefined;
  /**
   * How long a file that was moved away may still grow, by writers that have not noticed yet. Events of the new file
   * wait for it, at most so long. @default 200
   */
  readonly lingerMs?: number | undefined;
  /** Whether waiting for events keeps the process alive. @default true */
  readonly ref?: boolean | undefined;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
}

/** Events of a growing file. It can be iterated once; whoever leaves before its end calls `return`, as `for await` does. */
export interface EventFollower extends AsyncIterableIterator<LoopEvent, undefined, undefined> {
  /**
   * Opaque text, to go on behind the event that was handed out last, in another process too. `null` before a file
   * was there. Reading it again after a crash gives what came after the last position that was kept: at least once.
   */
  readonly position: string | null;
  /** Lines skipped so far: no JSON, no object, no UTF-8, or too long. Blank lines do not count. */
  readonly badLines: number;
  /** How often events may be missing. `onGap` tells why. */
  readonly gaps: number;
  /** At once, even while a `next` waits, which is then done. */
  return(): Promise<IteratorResult<LoopEvent, undefined>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Follows a JSON Lines file as it grows, like `tail -F`: through rotation, by this package or by other programs,
 * truncation, deletion and creation. Waits for a file that does not exist yet. Ends with `signal`, or with the loop.
 *
 * Guarantee: each event whose line is complete is handed out once, in the order of the file and files in the order in
 * which they were written. Where some may be missing, `onGap` is told. Lines that are no events are skipped and
 * counted. Nothing is open before the first `next` and after the end; nothing is read ahead of who iterates but one
 * chunk; the process is kept alive only while a `next` waits.
 *
 * @throws LoopsError `LOOPS_CONFIG` for options of the wrong kind; while iterating, what the file system reports,
 * except for files that do not exist
 */
export function followEvents(path: string, options: FollowEventsOptions = {}): EventFollower {
  return new Follower(path, options);
}

interface Waiter {
  readonly resolve: (result: IteratorResult<LoopEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** Written by hand because `return()` of an async generator waits for the `next()` in progress, which may never end. */
class Follower implements EventFollower {
  readonly #reader: LogReader;
  readonly #changes: ChangeWatch;
  readonly #signal: AbortSignal | undefined;
  readonly #position: string | null;
  readonly #waiters: Waiter[] = [];
  #started = false;
  #serving = false;
  #filling = false;
  #ended = false;

  constructor(given: string, options: FollowEventsOptions) {
    const { from = "start", rotated = false, position = null, ref = true, onBad, onGap, signal } = options;
    const { pollIntervalMs, lingerMs } = withDefaults("jsonl", options, { pollIntervalMs: 500, lingerMs: 200 });
    const path = resolve(checkPath(given, "followEvents"));
    checkCallbacks({ onBad, onGap });
    checkSignal(signal);
    if (path.endsWith(".gz")) {
      const todo = "read it with readEvents, or follow the file it was rotated from";
      throw new LoopsError("LOOPS_CONFIG", `[jsonl] ${path} is compressed, and grows no more: ${todo}`);
    }
    if (from !== "start" && from !== "end") {
      throw new LoopsError("LOOPS_CONFIG", `[jsonl] from must be "start" or "end", not ${JSON.stringify(from)}`);
    }
    if (rotated && from === "end") {
      const message = '[jsonl] from: "end" begins with what is still to come: leave it out, or rotated: true';
      throw new LoopsError("LOOPS_CONFIG", message);
    }
    const begin = position !== null ? parsePosition(position) : rotated ? "oldest" : from;
    this.#position = position;
    this.#reader = new LogReader({ path, from: begin, lingerMs, onBad, onGap });
    this.#changes = new ChangeWatch(path, { pollIntervalMs: Math.max(1, pollIntervalMs), ref });
    this.#signal = signal;
  }

  get position(): string | null {
    return this.#reader.position ?? this.#position;
  }

  get badLines(): number {
    return this.#reader.badLines;
  }

  get gaps(): number {
    return this.#reader.gaps;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<LoopEvent, undefined>> {
    if (!this.#started) this.#start();
    try {
      // Most calls: without a wait, nor a promise more than needed.
      const value = this.#waiters.length === 0 && !this.#ended ? this.#reader.take() : undefined;
      if (value !== undefined) return Promise.resolve({ done: false, value });
    } catch (error) {
      this.#end();
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (!this.#serving) this.#serve();
    });
  }

  return(): Promise<IteratorResult<LoopEvent, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  #start(): void {
    this.#started = true;
    if (this.#signal?.aborted === true) this.#end();
    else this.#signal?.addEventListener("abort", this.#end, { once: true });
  }

  /** Answers the waiting `next()`s, for as long as there are any. Never rejects. */
  async #serve(): Promise<void> {
    this.#serving = true;
    try {
      while (!this.#ended && this.#waiters.length > 0) {
        const value = this.#reader.take();
        if (value !== undefined) this.#waiters.shift()?.resolve({ done: false, value });
        else if (!(await this.#fill()) && !this.#ended) await this.#changes.wait(this.#reader.waitMs);
      }
    } catch (error) {
      this.#waiters.shift()?.reject(error);
      this.#end();
    }
    this.#serving = false;
  }

  async #fill(): Promise<boolean> {
    this.#filling = true;
    try {
      return await this.#reader.fill();
    } finally {
      this.#filling = false;
      if (this.#ended) this.#reader.close();
    }
  }

  readonly #end = (): void => {
    this.#ended = true;
    this.#signal?.removeEventListener("abort", this.#end);
    this.#changes.close();
    // A descriptor that is being read is closed when that has ended: its number could be another file's by then.
    if (!this.#filling) this.#reader.close();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  };
}

function checkSignal(signal: unknown): void {
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignal>;
  if (signal === undefined || (typeof aborted === "boolean" && typeof addEventListener === "function")) return;
  const message = `[jsonl] signal must be an AbortSignal, such as that of an AbortController, not ${JSON.stringify(signal)}`;
  throw new LoopsError("LOOPS_CONFIG", message);
}
