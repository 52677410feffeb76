import { createHash, randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { LoopsError, type OwnerIdentity } from "@loops/core";
import { makeDirectories, step, writeAllSteps } from "@loops/core/ndjson";
import { isAlive, ownIdentity } from "@loops/core/process";
import { type FileCalls, type FileSteps, isMissing } from "./file-calls.js";
import { isThreadGone, ownThread } from "./thread-identity.js";

/** A lock that somebody dead left behind, as it was read. */
interface DeadLock {
  readonly path: string;
  readonly text: string;
}

/** What tells a lock file from another that was given the same inode. */
type HeldLock = Pick<BigIntStats, "ino" | "dev" | "birthtimeNs">;

const maxAttempts = 20;

/** Who has a lock: a process, and of that one thread, which can end before it. `null` where nothing tells of threads. */
export interface LockOwner extends OwnerIdentity {
  readonly thread: string | null;
}

/** Who this process is, and which others live. Replaced in tests. */
export interface Processes {
  own(): LockOwner;
  isAlive(owner: LockOwner): boolean;
}

const systemProcesses: Processes = {
  own: () => ({ ...ownIdentity(), thread: ownThread() }),
  isAlive: (owner) => isAlive(owner) && !(owner.thread !== null && isThreadGone(owner.pid, owner.thread)),
};

/**
 * Lets one writer have a file: `<path>.lock` holds who it is. It is made in one step with its content, so of several
 * that try one wins.
 *
 * The lock of a dead owner is taken over through its successor: a name that is derived from that lock's content, and
 * made exclusively too. Who has that name, and then still finds the dead owner's lock in its place, is its only heir,
 * and renames the name over the lock. One that died in between is succeeded in the same way. So nobody ever removes a
 * lock but its owner, and nobody replaces one whose owner lives.
 */
export class WriterLock {
  readonly path: string;
  readonly #file: string;
  readonly #processes: Processes;
  /** By its content: the lock held, and those that calls of `hold` in progress are about to put in its place. */
  readonly #made = new Map<string, HeldLock>();
  /** Content of the lock held. */
  #held: string | undefined;

  constructor(file: string, processes: Processes = systemProcesses) {
    this.#file = file;
    this.#processes = processes;
    this.path = `${file}.lock`;
  }

  /** The lock was taken, and not given up since. */
  get taken(): boolean {
    return this.#held !== undefined;
  }

  /**
   * Sees to it that the lock is held; returns whether it was taken only now. It may be called while another call is in
   * progress, at the end of the process for example: then both have it.
   *
   * @throws LoopsError `LOOPS_FILE_OWNED` where another writer that lives, or may live, has it
   */
  *hold(): FileSteps<boolean> {
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
  *release(): FileSteps<void> {
    const held = yield* this.#isHeld();
    this.#forget();
    if (held) yield* remove(this.path);
  }

  /** Removes what writers left that died while they took the lock. Only for who holds it. */
  *tidy(): FileSteps<void> {
    const prefix = `${basename(this.path)}.`;
    for (const name of yield* step((calls: FileCalls) => calls.readdir(dirname(this.path)))) {
      if (!name.startsWith(prefix) || !/^[0-9a-f]{16}(\.tmp)?$/.test(name.slice(prefix.length))) continue;
      const path = join(dirname(this.path), name);
      const text = yield* read(path);
      // One without an owner may be about to get its content.
      if (text !== undefined && parseOwner(text) !== null && this.#livingOwner(text) === null) yield* remove(path);
    }
  }

  *#isHeld(): FileSteps<boolean> {
    const held = this.#made.get(this.#held ?? "");
    if (held === undefined) return false;
    const now = yield* step((calls: FileCalls) => calls.stat(this.path));
    return now?.ino === held.ino && now.dev === held.dev && now.birthtimeNs === held.birthtimeNs;
  }

  #forget(): void {
    if (this.#held !== undefined) this.#made.delete(this.#held);
    this.#held = undefined;
  }

  /** The content of the lock if it is now ours; `undefined`: it changed meanwhile, look again. */
  *#take(own: string, ownText: string): FileSteps<string | undefined> {
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
  *#inherit(heir: string, dead: readonly DeadLock[]): FileSteps<boolean> {
    let inherited = false;
    try {
      for (const lock of dead) if ((yield* read(lock.path)) !== lock.text) return false;
      yield* step((calls: FileCalls) => calls.rename(heir, this.path));
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
    const what = `[jsonl] another writer has ${this.#file} (${who}), and a file that is rotated can have one only`;
    const todo = `events stay queued until it closes or ends, or this one closes; give each writer, each worker thread too, its own path, or remove ${this.path} if that writer is gone for certain`;
    return new LoopsError("LOOPS_FILE_OWNED", `${what}; ${todo}`);
  }
}

/** The name that the heir of a dead owner's lock has to have. Unlike for each lock: each has a nonce in it. */
function successorOf(lockPath: string, text: string): string {
  return `${lockPath}.${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}

/** `null` for what is no owner, as after a loss of power: nobody has begun to write with such a lock since. */
function parseOwner(text: string): LockOwner | null {
  try {
    const owner = JSON.parse(text) as Partial<LockOwner> | null;
    if (typeof owner?.pid !== "number" || typeof owner.host !== "string") return null;
    const { pid, host, start_time = null, boot_id = null, thread = null } = owner;
    return { pid, host, start_time, boot_id, thread };
  } catch {
    return null;
  }
}

function nameOf({ pid, host, thread }: LockOwner): string {
  if (host !== hostname()) return `process ${pid} on host ${host}`;
  if (pid !== process.pid) return `process ${pid}`;
  return thread === ownThread() ? "in this process" : "in this process, another thread";
}

function* makeFile(path: string, text: string): FileSteps<HeldLock> {
  const fd = yield* step((calls: FileCalls) => calls.open(path, "wx", 0o600));
  try {
    yield* writeAllSteps(fd, Buffer.from(text));
    return yield* step((calls: FileCalls) => calls.fstat(fd));
  } finally {
    yield* step((calls: FileCalls) => calls.close(fd));
  }
}

/** `false` where there is such a file already. */
function* linked(existing: string, path: string): FileSteps<boolean> {
  try {
    yield* step((calls: FileCalls) => calls.link(existing, path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function* read(path: string): FileSteps<string | undefined> {
  try {
    return yield* step((calls: FileCalls) => calls.readText(path));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function* remove(path: string): FileSteps<void> {
  try {
    yield* step((calls: FileCalls) => calls.unlink(path));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
