import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { timerMs } from "@loops/core";

/**
 * Waits for a change of a file that need not exist. A watcher makes it quick where the file system tells of changes;
 * that none is missed is due to the poll. The watcher keeps no process alive, the wait does where `ref` says so.
 */
export class ChangeWatch {
  readonly #path: string;
  readonly #pollIntervalMs: number;
  readonly #ref: boolean;
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | undefined;
  #changed = false;
  #closed = false;
  #resume: (() => void) | null = null;

  constructor(path: string, options: { readonly pollIntervalMs: number; readonly ref: boolean }) {
    this.#path = path;
    this.#pollIntervalMs = options.pollIntervalMs;
    this.#ref = options.ref;
  }

  /** Resolves with the next change, after the poll interval or `atMostMs`, or with `close`. One wait at a time. */
  wait(atMostMs = Number.POSITIVE_INFINITY): Promise<void> {
    // What changed before there was a watcher is seen by another look.
    if (this.#watcher === null && this.#watch()) return Promise.resolve();
    return new Promise((resolve) => {
      if (this.#changed || this.#closed) {
        this.#changed = false;
        resolve();
        return;
      }
      this.#resume = resolve;
      this.#timer = setTimeout(this.#wake, timerMs(Math.min(this.#pollIntervalMs, atMostMs)));
      if (!this.#ref) this.#timer.unref();
    });
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#wake();
  }

  readonly #wake = (): void => {
    clearTimeout(this.#timer);
    const resume = this.#resume;
    this.#resume = null;
    this.#changed = resume === null;
    resume?.();
  };

  #watch(): boolean {
    if (this.#closed) return false;
    const folder = dirname(this.#path);
    const name = basename(this.#path);
    try {
      this.#watcher = watch(folder, { persistent: false }, (_kind, changed) => {
        // The folder itself was moved or deleted: one that comes in its place is another.
        if (changed === basename(folder)) this.#unwatch();
        if (changed === null || changed === name || changed === basename(folder)) this.#wake();
      });
    } catch {
      // No such folder yet, no watches left, or not on this file system: the poll does it, and tries again.
      return false;
    }
    this.#watcher.on("error", () => this.#unwatch());
    return true;
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}
