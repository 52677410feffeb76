import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { OwnerIdentity } from "../state-store.js";
import { readProcess } from "./process-table.js";

/** What tells a process from a later one with the same pid. The keys are those of files that hold it. */
export type ProcessIdentity = Omit<OwnerIdentity, "host">;

let bootId: string | null | undefined;

/**
 * Names this boot of the machine, so that a pid of an earlier one is never taken for a living process; `null` where the
 * system has no such name (Windows).
 */
export function currentBootId(): string | null {
  bootId ??= readBootId();
  return bootId;
}

/**
 * When the process with that pid started, as the system writes it: equal for the same process, different for a later
 * one with its pid. `null` where there is no such process or the system does not tell (Windows).
 */
export function startTimeOf(pid: number): string | null {
  return readProcess(pid)?.startTime ?? null;
}

/** What tells a process that exists now from a later one with the same pid. */
export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, start_time: startTimeOf(pid), boot_id: currentBootId() };
}

/** This process, as the owner of something that others can see. */
export function ownIdentity(): OwnerIdentity {
  return { ...identifyProcess(process.pid), host: hostname() };
}

/**
 * Whether that very process still lives: same boot, same pid, same start time. A zombie does not; one of another user
 * does. Where start time or boot cannot be read, the pid alone decides: then the answer is `true` too often rather than
 * too seldom. It sees this machine and this pid namespace only: a process in another container or on another host
 * counts as dead.
 */
export function isAlive(identity: ProcessIdentity): boolean {
  if (isOfAnotherBoot(identity)) return false;
  const entry = readProcess(identity.pid);
  if (entry === null) return exists(identity.pid);
  return !entry.zombie && (identity.start_time === null || identity.start_time === entry.startTime);
}

/** Whether the machine was started anew since: then nothing of that process can be left. */
export function isOfAnotherBoot(identity: ProcessIdentity): boolean {
  const current = currentBootId();
  return identity.boot_id !== null && current !== null && identity.boot_id !== current;
}

function exists(pid: number): boolean {
  // 0 and negative numbers would address process groups, the caller's own among them.
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function readBootId(): string | null {
  try {
    if (process.platform === "linux") return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() || null;
    if (process.platform !== "darwin") return null;
    return execFileSync("sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8", timeout: 5_000 }).trim() || null;
  } catch {
    // Without a boot id the start time still tells processes apart.
    return null;
  }
}
