import { setTimeout as delay } from "node:timers/promises";
import { readGroup } from "@loops/core/process";

const longestPollMs = 25;

/** Whether a group of that number could be an action's: 0 means the caller's own group, and 1 every process there is. */
export function isGroupId(groupId: number): boolean {
  return Number.isSafeInteger(groupId) && groupId > 1;
}

/**
 * Sends a signal to each process of a group; 0 only asks. `gone`: there is none. `refused`: there is, but none of this
 * user. On Windows, which has no process groups, it reaches the one process of that number.
 */
export function signalGroup(groupId: number, signal: NodeJS.Signals | 0): "sent" | "gone" | "refused" {
  if (!isGroupId(groupId)) return "gone";
  try {
    process.kill(process.platform === "win32" ? groupId : -groupId, signal);
    return "sent";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "refused" : "gone";
  }
}

/** The pids in a group that still can do something: zombies are not among them. */
export function groupMembers(groupId: number): readonly number[] {
  if (signalGroup(groupId, 0) === "gone") return [];
  if (process.platform === "win32") return [groupId];
  return readGroup(groupId)
    .filter((entry) => !entry.zombie)
    .map((entry) => entry.pid);
}

export interface EndGroupOptions {
  /** From SIGTERM to SIGKILL. */
  readonly killGraceMs: number;
  /** From SIGTERM to giving up. */
  readonly timeoutMs: number;
}

/**
 * Ends a whole process group: SIGTERM, after the grace SIGKILL, and waits until nothing of it is left.
 * Resolves to the pids that were still there at the deadline: none, unless the system holds them or they are another
 * user's. A process that left the group (`setsid`) is not reached.
 */
export async function endGroup(groupId: number, options: EndGroupOptions): Promise<readonly number[]> {
  const begun = performance.now();
  signalGroup(groupId, "SIGTERM");
  // A stopped process takes its SIGTERM only once it goes on.
  signalGroup(groupId, "SIGCONT");
  for (let pollMs = 2; ; pollMs = Math.min(pollMs * 2, longestPollMs)) {
    const members = groupMembers(groupId);
    const elapsedMs = performance.now() - begun;
    if (members.length === 0 || elapsedMs >= options.timeoutMs) return members;
    if (elapsedMs >= options.killGraceMs) signalGroup(groupId, "SIGKILL");
    await delay(pollMs);
  }
}
