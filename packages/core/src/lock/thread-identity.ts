import { readFileSync, readlinkSync } from "node:fs";
import { isMissing } from "./lock-calls.js";

let own: string | null | undefined;

/**
 * What tells this thread from all others of its process, those that were before too: the system's number of it, and
 * when it started. `null` where the system does not tell (all but Linux).
 */
export function ownThread(): string | null {
  own ??= readOwn();
  return own;
}

/** Whether that thread of a process that lives has ended. `false` where that cannot be seen. */
export function isThreadGone(pid: number, thread: string): boolean {
  const [id = "", startTime] = thread.split(".");
  if (!/^\d+$/.test(id)) return false;
  try {
    return startTimeOf(`/proc/${pid}/task/${id}/stat`) !== startTime;
  } catch (error) {
    return isMissing(error) && isVisible(pid);
  }
}

function readOwn(): string | null {
  if (process.platform !== "linux") return null;
  try {
    // Synchronous calls are made by the thread that asks, so this is the worker's own and no other.
    const [pid, , id] = readlinkSync("/proc/thread-self").split("/");
    // Another view of the processes than that of their own numbers tells nothing to others.
    return pid === String(process.pid) && id !== undefined ? `${id}.${startTimeOf(`/proc/thread-self/stat`)}` : null;
  } catch {
    return null;
  }
}

/** Threads of a process that is hidden from us would all seem to have ended. */
function isVisible(pid: number): boolean {
  try {
    return startTimeOf(`/proc/${pid}/task/${pid}/stat`) !== "";
  } catch {
    return false;
  }
}

/** The 22nd field; the second, in brackets, may have blanks and brackets in it. */
function startTimeOf(path: string): string {
  const stat = readFileSync(path, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
