import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isLoopsError, type LoopEvent } from "@loops/core";
import { expect } from "vitest";
import { loadLoop } from "../../src/definition/load.js";
import type { EngineOptions } from "../../src/engine/options.js";
import { resumeLoop } from "../../src/engine/resume-loop.js";
import { runLoop } from "../../src/engine/run-loop.js";
import type { RunState } from "../../src/run-state.js";
import { fileStore } from "../../src/store/file-store.js";
import { appendingBus, shellEnvironment } from "./surroundings.mjs";

const script = fileURLToPath(new URL("killed-at.mjs", import.meta.url));
const loopsDir = fileURLToPath(new URL("loops", import.meta.url));

export interface CrashPoint {
  /** Which call of the file system that changes something, from 1. */
  readonly at: number;
  readonly when: "before" | "after" | "part";
  readonly share?: number;
}

export interface Scenario {
  readonly loop: string;
  /** What is there before: a copy of that directory. */
  readonly from?: string | undefined;
  /** What the process that is killed does. @default "run" */
  readonly mode?: "run" | "resume";
  readonly durability?: "process" | "power";
}

/** What a run, with all of its children, came to. */
export interface Outcome {
  readonly states: readonly Readonly<Record<string, unknown>>[];
  /** How often each action ran, by loop and iteration. */
  readonly actions: ReadonlyMap<string, number>;
}

export function newDirectory({ from }: Pick<Scenario, "from"> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), "loops-point-"));
  if (from !== undefined) cpSync(from, dir, { recursive: true });
  return dir;
}

/** Starts the process. @returns whether it was killed; it ends by itself where there is no such call */
export async function runUntil(
  { loop, mode = "run", durability }: Scenario,
  dir: string,
  point: object,
): Promise<boolean> {
  const input = JSON.stringify({ mode, loop, dir, durability, ...point });
  const child = spawn(process.execPath, [script, input], { stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint += chunk;
  });
  const ended = once(child, "exit");
  const [code, signal] = await ended;
  // What it left running holds its end of the pipe.
  child.stderr.destroy();
  if (signal === "SIGKILL") return true;
  if (code === 0) return false;
  throw new Error(`${input} ended with ${code ?? signal}: ${complaint}`);
}

/** Every point of a scenario: after each call; before it where something happened since the last; and within writes. */
export async function pointsOf(scenario: Scenario): Promise<readonly CrashPoint[]> {
  const dir = newDirectory(scenario);
  if (await runUntil(scenario, dir, { at: 0, trace: true })) throw new Error("Nothing was to end it.");
  const calls = linesOf(join(dir, "trace")).map((line) => JSON.parse(line) as { name: string; effects: number });
  rmSync(dir, { recursive: true });
  return calls.flatMap(({ name, effects }, index) => {
    const at = index + 1;
    const before: CrashPoint[] = effects === calls[index - 1]?.effects ? [] : [{ at, when: "before" }];
    const within: CrashPoint[] = name === "writeSync" ? [{ at, when: "part", share: (at % 9) / 9 }] : [];
    return [...before, ...within, { at, when: "after" }];
  });
}

function optionsIn(dir: string): EngineOptions {
  return {
    store: fileStore({ dir: join(dir, ".loops") }),
    bus: appendingBus(dir),
    loopsDir,
    actionEnv: () => shellEnvironment(dir),
  };
}

/** Goes on with the loop in this process until nothing is left to do. */
export async function finish(loop: string, dir: string): Promise<void> {
  const options = optionsIn(dir);
  const { definition } = await loadLoop(join(loopsDir, `${loop}.yaml`));
  const isNew = (run: RunState | null | undefined) => run !== null && run !== undefined && !isOld(dir, run.run_id);
  if (!isNew(await options.store?.find(loop))) await runLoop({ definition, ...options });
  for (;;) {
    try {
      const { status } = await resumeLoop({ run: loop, ...options });
      if (status !== "awaiting_continuation") return;
    } catch (error) {
      if (isLoopsError(error, "LOOPS_NOT_RESUMABLE")) return;
      throw error;
    }
  }
}

/** Of a run that was there before the one that is killed. */
function isOld(dir: string, runId: string): boolean {
  return linesOf(join(dir, "old")).includes(runId);
}

/** All runs of a directory, live and archived, but for old ones. */
export async function runsIn(dir: string): Promise<readonly RunState[]> {
  const store = fileStore({ dir: join(dir, ".loops") });
  const { runs, corrupt } = await store.list();
  expect(corrupt).toEqual([]);
  const history = join(dir, ".loops", ".history");
  const archived = [];
  for (const loop of existsSync(history) ? readdirSync(history) : []) {
    const past = await store.history(loop);
    expect(past.corrupt).toEqual([]);
    archived.push(...past.runs);
  }
  return [...runs, ...archived].filter((run) => !isOld(dir, run.run_id));
}

export async function committedIn(dir: string): Promise<ReadonlyMap<string, readonly LoopEvent[]>> {
  const store = fileStore({ dir: join(dir, ".loops") });
  const events = new Map<string, readonly LoopEvent[]>();
  for (const { loop_name, run_id } of await runsIn(dir)) events.set(run_id, await store.readEvents(loop_name, run_id));
  return events;
}

/** How many actions outlived their engine, and were ended. */
export async function orphansIn(dir: string): Promise<number> {
  const events = [...(await committedIn(dir)).values()].flat();
  return events.filter((event) => event.event === "action_in_doubt" && event["orphan"] === "ended").length;
}

/** What does not depend on when and how often the run was interrupted. */
export async function outcomeOf(dir: string): Promise<Outcome> {
  const runs = [...(await runsIn(dir))].sort((a, b) => (a.loop_name < b.loop_name ? -1 : 1));
  const loopOf = new Map(runs.map((run) => [run.run_id, run.loop_name]));
  const actions = new Map<string, number>();
  for (const key of linesOf(join(dir, "ledger"))) {
    const [runId = "", iteration] = key.split(":");
    if (isOld(dir, runId)) continue;
    const action = `${loopOf.get(runId)}:${iteration}`;
    actions.set(action, (actions.get(action) ?? 0) + 1);
  }
  return { states: runs.map(lasting), actions };
}

const passing = [
  "run_id",
  "parent_run_id",
  "started_at",
  "segment_started_at",
  "updated_at",
  "accumulated_ms",
  "attempt",
  "handoffs",
  "definition",
];

function lasting(run: RunState): Readonly<Record<string, unknown>> {
  const kept = Object.fromEntries(Object.entries(run).filter(([name]) => !passing.includes(name)));
  return JSON.parse(JSON.stringify(kept, (name, value) => (name === "duration_ms" ? 0 : value)));
}

export function linesOf(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}
