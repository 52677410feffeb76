import { createHash, randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { LoopsError } from "../errors.js";
import { writeAllSteps } from "../ndjson/append.js";
import { makeDirectories } from "../ndjson/directories.js";
import { type Steps, step } from "../ndjson/steps.js";
import { isMissing, type LockCalls } from "./lock-calls.js";
import { type LockOwner, type LockProcesses, nameOf, parseOwner, systemProcesses } from "./lock-owner.js";

type LockSteps<T> = Steps<T, LockCalls>;

/** A lock that somebody dead left behind, as it was read. */
interface DeadLock {
  readonly path: string;
  readonly text: string;
}

/** What tells a lock file from another that was given the same inode. */
type HeldLock = Pick<BigIntStats, "ino" | "dev" | "birthtimeNs">;

const maxAttempts = 20;

export interface FileLockOptions {
  /** The lock file. Others are made beside it for a moment: `<path>.<16 hex digits>`, also with `.tmp`. */
  readonly path: string;
  /**
   * The message for whom the lock is refused: what is locked, and what to do.
   *
   * @param who to be put in brackets: `process 7`, `in this process`, `process 7 on host x`
   */
  refusal(who: string): string;
  /** For tests. @default the system's */
  readonly processes?: LockProcesses;
}

/**
 * Lets one at a time have something that several processes, or worker threads, want: a file holds who it is. It is made
 * in one step with its content, so of several that try one wins; the file system needs hard links. What the methods
 * return is driven by `runSync` or `runAsync` of `@loops/core/ndjson`.
 *
 * The lock of a dead owner is taken over through its successor: a name that is derived from that lock's content, and
 * made exclusively too. Who has that name, and then still finds the dead owner's lock in its place, is its only heir,
 * and renames the name over the lock. One that died in between is succeeded in the same way. So nobody ever removes a
 * lock but its owner, and nobody replaces one whose owner lives. Whether a worker thread lives only Linux tells:
 * elsewhere the lock of one that was terminated is held until its process ends.
 */
export class FileLock {
  readonly path: string;
  readonly #refusal: (who: string) => string;
  readonly #processes: LockProcesses;
  /** By its content: the lock held, and those that calls of `hold` in progress are about to put in its place. */
  readonly #made = new Map<string, HeldLock>();
  /** Content of the lock held. */
  #held: string | undefined;

  constructor({ path, refusal, processes = systemProcesses }: FileLockOptions) {
    this.path = path;
    this.#refusal = refusal;
    this.#processes = processes;
  }

  /** The lock was taken, and not given up since. */
  get taken(): boolean {
    return this.#held !== undefined;
  }

  /**
   * Sees to it that the lock is held; returns whether it was taken only now. It may be called while another call is in
   * progress, at the end of the process for example: then both have it. Makes the directory where there is none.
   *
   * @throws LoopsError `LOOPS_FILE_OWNED` where somebody else that lives, or may live, has it; and what the file system
   *   reports
   */
  *hold(): LockSteps<boolean> {
    if (yield* this.#isHeld()) return false;
    this.#forget();
    yield* makeDirectories(dirname(this.path));
    const nonce = randomBytes(8).toString("hex");
    const own = `${this.path}.${nonce}.tmp`;
    const text = `${JSON.stringify({ ...this.#processes.own(), nonce })}\n`;
    try {
      this.#made.set(text, yield* makeFile(own, text));
      for (let attempt = 1; ; attempt++) {
        const taken = yield* this.#take(own, text);
        if (taken !== undefined) {
          this.#held = taken;
          break;
        }
        if (attempt === maxAttempts) throw this.#owned("others are quicker each time");
      }
    } finally {
      if (this.#held !== text) this.#made.delete(text);
      yield* remove(own);
    }
    return true;
  }

  /** Gives the lock up, if it is held. */
  *release(): LockSteps<void> {
    const held = yield* this.#isHeld();
    this.#forget();
    if (held) yield* remove(this.path);
  }

  /** Removes what others left that died while they took the lock. Only for who holds it. */
  *tidy(): LockSteps<void> {
    const prefix = `${basename(this.path)}.`;
    for (const name of yield* step((calls: LockCalls) => calls.readdir(dirname(this.path)))) {
      if (!name.startsWith(prefix) || !/^[0-9a-f]{16}(\.tmp)?$/.test(name.slice(prefix.length))) continue;
      const path = join(dirname(this.path), name);
      const text = yield* read(path);
      // One without an owner may be about to get its content.
      if (text !== undefined && parseOwner(text) !== null && this.#livingOwner(text) === null) yield* remove(path);
    }
  }

  *#isHeld(): LockSteps<boolean> {
    const held = this.#made.get(this.#held ?? "");
    if (held === undefined) return false;
    const now = yield* step((calls: LockCalls) => calls.stat(this.path));
    return now?.ino === held.ino && now.dev === held.dev && now.birthtimeNs === held.birthtimeNs;
  }

  #forget(): void {
    if (this.#held !== undefined) this.#made.delete(this.#held);
    this.#held = undefined;
  }

  /** The content of the lock if it is now ours; `undefined`: it changed meanwhile, look again. */
  *#take(own: string, ownText: string): LockSteps<string | undefined> {
    const dead: DeadLock[] = [];
    let path = this.path;
    let taken = ownText;
    while (!(yield* linked(own, path))) {
      const text = yield* read(path);
      if (text === undefined) return undefined;
      if (this.#made.has(text)) {
        // Of another call in progress, which has come so far already.
        taken = text;
        break;
      }
      const owner = this.#livingOwner(text);
      if (owner !== null) throw this.#owned(nameOf(owner));
      dead.push({ path, text });
      path = successorOf(this.path, text);
    }
    return dead.length === 0 || (yield* this.#inherit(path, dead)) ? taken : undefined;
  }

  /** Puts the heir's file in the place of the first of the dead locks, if they are all still what they were. */
  *#inherit(heir: string, dead: readonly DeadLock[]): LockSteps<boolean> {
    let inherited = false;
    try {
      for (const lock of dead) if ((yield* read(lock.path)) !== lock.text) return false;
      yield* step((calls: LockCalls) => calls.rename(heir, this.path));
      inherited = true;
    } catch (error) {
      // Another call in progress has renamed it.
      if (isMissing(error)) return false;
      throw error;
    } finally {
      if (!inherited) yield* remove(heir);
    }
    for (const lock of dead.slice(1)) yield* remove(lock.path);
    return true;
  }

  /** The owner, if it lives or may live: whoever is on another host cannot be looked at. */
  #livingOwner(text: string): LockOwner | null {
    const owner = parseOwner(text);
    return owner !== null && (owner.host !== hostname() || this.#processes.isAlive(owner)) ? owner : null;
  }

  #owned(who: string): LoopsError {
    return new LoopsError("LOOPS_FILE_OWNED", this.#refusal(who));
  }
}

/** The name that the heir of a dead owner's lock has to have. Unlike for each lock: each has a nonce in it. */
function successorOf(lockPath: string, text: string): string {
  return `${lockPath}.${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}

function* makeFile(path: string, text: string): LockSteps<HeldLock> {
  const fd = yield* step((calls: LockCalls) => calls.open(path, "wx", 0o600));
  try {
    yield* writeAllSteps(fd, Buffer.from(text));
    return yield* step((calls: LockCalls) => calls.fstat(fd));
  } finally {
    yield* step((calls: LockCalls) => calls.close(fd));
  }
}

/** `false` where there is such a file already. */
function* linked(existing: string, path: string): LockSteps<boolean> {
  try {
    yield* step((calls: LockCalls) => calls.link(existing, path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function* read(path: string): LockSteps<string | undefined> {
  try {
    return yield* step((calls: LockCalls) => calls.readText(path));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function* remove(path: string): LockSteps<void> {
  try {
    yield* step((calls: LockCalls) => calls.unlink(path));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
