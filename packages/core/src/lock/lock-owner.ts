import { hostname } from "node:os";
import { isAlive, ownIdentity } from "../process/process-identity.js";
import type { OwnerIdentity } from "../state-store.js";
import { isThreadGone, ownThread } from "./thread-identity.js";

/** Who has a lock: a process, and of that one thread, which can end before it. `null` where nothing tells of threads. */
export interface LockOwner extends OwnerIdentity {
  readonly thread: string | null;
}

/** Who this process is, and which others live. */
export interface LockProcesses {
  own(): LockOwner;
  isAlive(owner: LockOwner): boolean;
}

export const systemProcesses: LockProcesses = {
  own: () => ({ ...ownIdentity(), thread: ownThread() }),
  isAlive: (owner) => isAlive(owner) && !(owner.thread !== null && isThreadGone(owner.pid, owner.thread)),
};

/** `null` for what is no owner, as after a loss of power: nobody has begun anything with such a lock since. */
export function parseOwner(text: string): LockOwner | null {
  try {
    const owner = JSON.parse(text) as Partial<LockOwner> | null;
    if (typeof owner?.pid !== "number" || typeof owner.host !== "string") return null;
    const { pid, host, start_time = null, boot_id = null, thread = null } = owner;
    return { pid, host, start_time, boot_id, thread };
  } catch {
    return null;
  }
}

/** In words, to be put in brackets. */
export function nameOf({ pid, host, thread }: LockOwner): string {
  if (host !== hostname()) return `process ${pid} on host ${host}`;
  if (pid !== process.pid) return `process ${pid}`;
  return thread === ownThread() ? "in this process" : "in this process, another thread";
}
