import { readFileSync } from "node:fs";
import { LoopsError } from "@loops/core";
import { isOfAnotherBoot, readProcess } from "@loops/core/process";
import type { ProcessIdentity } from "../run-state.js";
import { endGroup, groupMembers, isGroupId } from "./process-group.js";

export interface EndOrphanOptions {
  /** The run that the action was of: the engine tells each action through its environment. */
  readonly runId: string;
  readonly timeoutMs: number;
  /** From SIGTERM to SIGKILL; at most half of `timeoutMs`. */
  readonly killGraceMs: number;
}

/**
 * Ends the process group that a dead engine left, if it is still that one: a recycled pid is never touched. Resolves
 * to `false` when nothing was left. Does nothing on Windows, where a pid cannot be told from a later one.
 * @throws LoopsError `LOOPS_ORPHAN` when something of it is still there at the deadline, or this process is in it
 */
export async function endOrphan(action: ProcessIdentity, options: EndOrphanOptions): Promise<boolean> {
  const { runId, timeoutMs } = options;
  if (process.platform === "win32" || !isGroupId(action.pid) || isOfAnotherBoot(action)) return false;
  const members = groupMembers(action.pid);
  if (members.length === 0 || !isOf(action, members, runId)) return false;
  if (members.includes(process.pid)) {
    throw new LoopsError(
      "LOOPS_ORPHAN",
      `[shell-runner] Process group ${action.pid} is what is left of an action of run ${runId}, and this process (${process.pid}) is part of it. Resume from outside of that action.`,
    );
  }
  const left = await endGroup(action.pid, {
    timeoutMs,
    killGraceMs: Math.min(options.killGraceMs, timeoutMs / 2),
  });
  if (left.length > 0) {
    throw new LoopsError(
      "LOOPS_ORPHAN",
      `[shell-runner] Process group ${action.pid}, left of an action of run ${runId}, could not be ended within ${timeoutMs} ms: still there are the processes ${left.join(", ")}. End them (kill -KILL -- -${action.pid}) and resume again.`,
    );
  }
  return true;
}

/** Whether a living group of the action's number is the action's. */
function isOf(action: ProcessIdentity, members: readonly number[], runId: string): boolean {
  const leader = readProcess(action.pid);
  // No pid is given to a new process while a group of that number exists: with another leader, the group is another.
  if (leader !== null && action.start_time !== null) return leader.startTime === action.start_time;
  // The leader is gone. Its number may have been another's since, who left a group too: ask the members.
  const environments = members.flatMap((pid) => readEnvironment(pid) ?? []);
  return environments.length === 0 || environments.some((entries) => entries.includes(`LOOPS_RUN_ID=${runId}`));
}

/** What a process was started with; `null` where it cannot be read: another user's, or not on Linux. */
function readEnvironment(pid: number): [readonly string[]] | null {
  try {
    return [readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")];
  } catch {
    // Nothing to tell it by. The caller then goes by the number of the group.
    return null;
  }
}
