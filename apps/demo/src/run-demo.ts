import { type ChildProcess, fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { LoopEvent, SinkReport } from "@loops/core";
import { fileStore, type RunResult } from "@loops/fsm";
import { readEvents } from "@loops/jsonl";
import { type Evidence, judge } from "./evidence.js";
import { report } from "./report.js";
import { copyProject } from "./scratch.js";
import { colors } from "./terminal.js";
import { places } from "./wiring.js";

/** What a worker says when it ends by itself. */
export interface Outcome {
  readonly result: RunResult;
  readonly sinks: readonly SinkReport[];
}

/** Runs the broken project's loop, which kills itself once, resumes it, and checks the files. The exit code. */
export async function runDemo(): Promise<number> {
  const folder = await copyProject();
  console.log(colors.dim(`A project with five type errors, in ${folder}`));

  const first = await work("run", folder);
  if (first.interrupted) return interrupted(folder);
  if (first.signal !== "SIGKILL") {
    console.error("The first process was to be killed in the middle of an action, and was not.");
    return 1;
  }
  console.log(colors.red("\n*** SIGKILL: that process is gone, in the middle of an action ***\n"));

  const second = await work("resume", folder);
  if (second.interrupted) return interrupted(folder);
  if (second.outcome === undefined) {
    console.error(`The second process ended with ${second.signal ?? `exit code ${second.code}`}.`);
    return 1;
  }
  return report({ folder, ...second.outcome, verdict: judge(await collect(folder, second.outcome.result)) });
}

function interrupted(folder: string): number {
  console.error(`Interrupted. What there is so far is in ${folder}`);
  return 130;
}

async function collect(folder: string, { loop, run_id }: RunResult): Promise<Evidence> {
  const { loops, events, actions } = places(folder);
  const received: LoopEvent[] = [];
  for await (const event of readEvents(events)) received.push(event);
  return {
    committed: await fileStore({ dir: loops }).readEvents(loop, run_id),
    received,
    begun: (await readFile(actions, "utf8")).trim().split("\n"),
  };
}

interface Ended {
  readonly outcome: Outcome | undefined;
  readonly code: number | null;
  readonly signal: string | null;
  readonly interrupted: boolean;
}

function work(mode: "run" | "resume", folder: string): Promise<Ended> {
  const child: ChildProcess = fork(fileURLToPath(new URL("./worker.js", import.meta.url)), [mode, folder]);
  let outcome: Outcome | undefined;
  let interrupted = false;
  // Ctrl-C reaches the worker too; this process waits for it.
  const onInterrupt = () => {
    interrupted = true;
  };
  process.on("SIGINT", onInterrupt);
  child.on("message", (message) => {
    outcome = message as Outcome;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", onInterrupt);
      resolve({ outcome, code, signal, interrupted });
    });
  });
}
