import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What the system says about one process. */
export interface ProcessEntry {
  readonly pid: number;
  readonly groupId: number;
  /** Has ended, but its parent has not asked how: it does nothing any more. */
  readonly zombie: boolean;
  /** In the system's own notation; equal for the same process, whoever asks and whenever. */
  readonly startTime: string;
}

/** One process; `null` where there is none of that pid, or the system does not tell (Windows). */
export function readProcess(pid: number): ProcessEntry | null {
  if (!Number.isSafeInteger(pid) || pid < 1) return null;
  if (process.platform === "linux") return readProcStat(pid);
  if (process.platform === "darwin") return ps(["-p", String(pid)])[0] ?? null;
  return null;
}

/** The processes of a group, zombies too; empty where the system does not tell (Windows). */
export function readGroup(groupId: number): readonly ProcessEntry[] {
  return readAll().filter((entry) => entry.groupId === groupId);
}

/**
 * One line of Linux's `/proc/<pid>/stat`. The second field, the command in parentheses, may hold anything, spaces and
 * parentheses too: what counts stands behind the last one. `null` for a line that is not of that form.
 */
export function parseProcStat(pid: number, stat: string): ProcessEntry | null {
  // proc(5) counts from 1: state is field 3, pgrp 5, starttime 22, so they are 0, 2 and 19 here.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const startTime = fields[19];
  if (state === undefined || group === undefined || startTime === undefined) return null;
  return { pid, groupId: Number(group), zombie: state === "Z" || state === "X", startTime };
}

/** Lines of `ps -o pid=,pgid=,stat=,lstart=`; others are skipped. */
export function parsePs(text: string): readonly ProcessEntry[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*\S)\s*$/.exec(line);
    if (match === null) return [];
    const [, pid = "", group = "", state = "", startTime = ""] = match;
    return [{ pid: Number(pid), groupId: Number(group), zombie: state.startsWith("Z"), startTime }];
  });
}

function readAll(): readonly ProcessEntry[] {
  if (process.platform === "darwin") return ps(["-ax"]);
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((name) => {
    const entry = /^\d+$/.test(name) ? readProcStat(Number(name)) : null;
    return entry === null ? [] : [entry];
  });
}

function readProcStat(pid: number): ProcessEntry | null {
  try {
    return parseProcStat(pid, readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    // Ended, perhaps between listing and reading, or hidden from this user: either way nothing is known of it.
    return null;
  }
}

function ps(select: readonly string[]): readonly ProcessEntry[] {
  try {
    const text = execFileSync("ps", [...select, "-o", "pid=,pgid=,stat=,lstart="], {
      encoding: "utf8",
      // A start time is written in local time and language: both fixed, so that two readings compare.
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 5_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return parsePs(text);
  } catch {
    // `ps -p` exits with 1 when there is no such process.
    return [];
  }
}
