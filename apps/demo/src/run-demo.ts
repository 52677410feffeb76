import { type ChildProcess, fork } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { SinkReport } from "@loops/core";
import { fileStore, type RunResult } from "@loops/fsm";
import { type Evidence, judge } from "./evidence.js";
import { withLivePage } from "./live-page.js";
import { type Receivers, startReceivers } from "./receivers/start-receivers.js";
import { report } from "./report.js";
import { copyProject } from "./scratch.js";
import { colors } from "./terminal.js";
import { places } from "./wiring.js";
import type { Task } from "./worker.js";

/** What a worker says when it ends by itself. */
export interface Outcome {
  readonly result: RunResult;
  readonly sinks: readonly SinkReport[];
}

/** How long one mending takes, in milliseconds: long enough to be killed in, or to be looked at. */
const pace = { alone: 300, watched: 2500 };

/**
 * Runs the broken project's loop, which kills itself once, resumes it, and checks the files. The exit code.
 *
 * @param options.serve with the live page beside it
 */
export async function runDemo({ serve }: { readonly serve: boolean }): Promise<number> {
  const folder = await copyProject();
  console.log(colors.dim(`A project with five type errors, in ${folder}`));
  return serve ? withLivePage(folder, () => killAndResume(folder, pace.watched)) : killAndResume(folder, pace.alone);
}

async function killAndResume(folder: string, paceMs: number): Promise<number> {
  const receivers = await startReceivers(folder);
  try {
    return await killAndResumeWith(receivers, folder, paceMs);
  } finally {
    await receivers.close();
  }
}

async function killAndResumeWith(receivers: Receivers, folder: string, paceMs: number): Promise<number> {
  const task = { folder, paceMs, addresses: receivers.addresses };
  const first = await work({ mode: "run", ...task });
  if (first.interrupted) return interrupted(folder);
  if (first.signal !== "SIGKILL") {
    console.error("The first process was to be killed in the middle of an action, and was not.");
    return 1;
  }
  console.log(colors.red("\n*** SIGKILL: that process is gone, in the middle of an action ***\n"));

  const second = await work({ mode: "resume", ...task });
  if (second.interrupted) return interrupted(folder);
  if (second.outcome === undefined) {
    console.error(`The second process ended with ${second.signal ?? `exit code ${second.code}`}.`);
    return 1;
  }
  return report({ folder, ...second.outcome, verdict: judge(await collect(folder, second.outcome.result, receivers)) });
}

function interrupted(folder: string): number {
  console.error(`Interrupted. What there is so far is in ${folder}`);
  return 130;
}

async function collect(folder: string, { loop, run_id }: RunResult, { all }: Receivers): Promise<Evidence> {
  const { loops, actions } = places(folder);
  return {
    committed: await fileStore({ dir: loops }).readEvents(loop, run_id),
    readBack: await Promise.all(
      all.map(async (receiver) => ({ sink: receiver.sink, ids: await receiver.ids(run_id) })),
    ),
    begun: (await readFile(actions, "utf8")).trim().split("\n"),
  };
}

interface Ended {
  readonly outcome: Outcome | undefined;
  readonly code: number | null;
  readonly signal: string | null;
  readonly interrupted: boolean;
}

function work(task: Task): Promise<Ended> {
  const child: ChildProcess = fork(fileURLToPath(new URL("./worker.js", import.meta.url)), [JSON.stringify(task)]);
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
