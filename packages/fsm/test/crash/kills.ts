import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoopEvent } from "@loops/core";

/** A program of `test/crash` that carries a loop out until it is killed. */
export interface Victim {
  readonly program: string;
  readonly loop: string;
  readonly dir: string;
  /** The latest moment of a kill, after the first event. */
  readonly maxMomentMs: number;
}

/** Starts a process and, unless it is faster, kills it `momentMs` after its first event. Resolves with its exit code. */
async function carryOut(
  { program, dir }: Victim,
  mode: "run" | "resume",
  momentMs: number | null,
): Promise<number | null> {
  const child: ChildProcess = spawn(process.execPath, [program, mode, dir], { stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  let killer: NodeJS.Timeout | undefined;
  child.stdout?.on("data", () => {
    if (momentMs !== null) killer ??= setTimeout(() => child.kill("SIGKILL"), momentMs);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  clearTimeout(killer);
  if (code !== 0 && signal !== "SIGKILL")
    throw new Error(`${mode} in ${dir} failed with ${code ?? signal}: ${complaint}`);
  return code;
}

/** Runs the loop to its end through one kill or two. Resolves with how many processes it took. */
export async function runThroughKills(victim: Victim): Promise<number> {
  const { dir, loop, maxMomentMs } = victim;
  const kills = 1 + Math.floor(Math.random() * 2);
  for (let kill = 0; kill < kills; kill++) {
    // A process that was killed before it could announce the run leaves nothing to resume.
    const mode = existsSync(join(dir, ".loops", ".running", `${loop}.events.jsonl`)) ? "resume" : "run";
    if ((await carryOut(victim, mode, Math.random() * maxMomentMs)) === 0) return kill + 1;
  }
  await carryOut(victim, "resume", null);
  return kills + 1;
}

export function eventsOf(path: string): LoopEvent[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LoopEvent);
}

/** Ids in the order in which they came first. */
export const idsOf = (events: readonly LoopEvent[]) => [...new Set(events.map((event) => event.id))];

export function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** The keys of the actions that were reported as in doubt, one for each time. */
export function inDoubtOf(events: readonly LoopEvent[]): string[] {
  const keys: string[] = [];
  let iteration: unknown;
  for (const event of events) {
    if (event.event === "state_enter") iteration = event["iteration"];
    if (event.event === "action_in_doubt") keys.push(`${event["run_id"]}:${iteration}`);
  }
  return keys;
}
