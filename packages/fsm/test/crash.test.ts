import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoopEvent } from "@loops/core";
import { describe, expect, it } from "vitest";
import { fileStore } from "../src/index.js";

const runs = process.env["LOOPS_LONG"] === undefined ? 10 : 200;
const actions = 30;
const maxMomentMs = 500;
const fixture = fileURLToPath(new URL("crash/loop-process.mjs", import.meta.url));

/** Starts a process and, unless it is faster, kills it `momentMs` after its first event. Resolves with its exit code. */
async function carryOut(mode: "run" | "resume", dir: string, momentMs: number | null): Promise<number | null> {
  const child: ChildProcess = spawn(process.execPath, [fixture, mode, dir], { stdio: ["ignore", "pipe", "pipe"] });
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
async function runThroughKills(dir: string): Promise<number> {
  const kills = 1 + Math.floor(Math.random() * 2);
  for (let kill = 0; kill < kills; kill++) {
    // A process that was killed before it could announce the run leaves nothing to resume.
    const mode = existsSync(join(dir, ".loops", ".running", "crash.events.jsonl")) ? "resume" : "run";
    if ((await carryOut(mode, dir, Math.random() * maxMomentMs)) === 0) return kill + 1;
  }
  await carryOut("resume", dir, null);
  return kills + 1;
}

function eventsOf(path: string): LoopEvent[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LoopEvent);
}

/** Ids in the order in which they came first. */
const idsOf = (events: readonly LoopEvent[]) => [...new Set(events.map((event) => event.id))];

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** The keys of the actions that were reported as in doubt, one for each time. */
function inDoubtOf(events: readonly LoopEvent[]): string[] {
  const keys: string[] = [];
  let iteration: unknown;
  for (const event of events) {
    if (event.event === "state_enter") iteration = event["iteration"];
    if (event.event === "action_in_doubt") keys.push(`${event["run_id"]}:${iteration}`);
  }
  return keys;
}

/** @returns how many orphans were ended */
async function expectNothingLostOrRepeated(dir: string): Promise<number> {
  const store = fileStore({ dir: join(dir, ".loops") });
  const run = await store.find("crash");
  const events = await store.readEvents("crash", run?.run_id ?? "");
  const named = (name: string) => events.filter((event) => event.event === name);

  expect(run).toMatchObject({ status: "completed", current_state: "done", iteration: actions });
  expect(named("loop_start")).toHaveLength(1);
  expect(named("loop_complete")).toHaveLength(1);

  const committed = events.map((event) => event.id);
  expect(idsOf(events)).toEqual(committed);
  expect(idsOf(eventsOf(join(dir, "inline.jsonl")))).toEqual(committed);
  expect(idsOf(eventsOf(join(dir, "buffered.jsonl")))).toEqual(committed);

  expect(named("action_complete")).toHaveLength(actions);
  const inDoubt = countBy(inDoubtOf(events));
  const ran = countBy(readFileSync(join(dir, "ledger"), "utf8").trim().split("\n"));
  const keys = Array.from({ length: actions }, (_, index) => `${run?.run_id}:${index + 1}`);
  expect([...ran.keys()].sort()).toEqual([...keys].sort());
  // What was in doubt may have run or not; everything else ran once.
  const repeated = keys.filter((key) => (ran.get(key) ?? 0) > 1 + (inDoubt.get(key) ?? 0));
  expect(repeated, "ran again without being in doubt").toEqual([]);

  expect(existsSync(join(dir, "beside")), "an orphan was alive beside a rerun").toBe(false);
  return named("action_in_doubt").filter((event) => event["orphan"] === "ended").length;
}

describe.skipIf(process.platform !== "linux")("a loop that is killed at random moments", () => {
  it(
    `P-22, B-1, B-8: loses no committed event, repeats no recorded action, runs beside no orphan (${runs} runs)`,
    async () => {
      let killed = 0;
      let orphans = 0;
      let begun = 0;
      const oneAfterTheOther = async () => {
        while (begun++ < runs) {
          const dir = mkdtempSync(join(tmpdir(), "loops-crash-"));
          const processes = await runThroughKills(dir);
          const ended = await expectNothingLostOrRepeated(dir);
          killed += processes - 1;
          orphans += ended;
          // Kept where an expectation failed, to be looked at.
          rmSync(dir, { recursive: true });
        }
      };
      await Promise.all([oneAfterTheOther(), oneAfterTheOther()]);
      // The kills came in time to prove something.
      expect(killed).toBeGreaterThan(runs / 2);
      expect(orphans).toBeGreaterThan(0);
    },
    120_000 + runs * 10_000,
  );
});
