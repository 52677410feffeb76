import { constants } from "node:os";
import { errorMessage } from "@loops/core";
import { identifyProcess } from "@loops/core/process";
import type { ActionResult } from "../run-state.js";
import { boundedLines } from "./bounded-lines.js";
import { boundedOutput } from "./bounded-output.js";
import { drain } from "./drain.js";
import { type ExitStatus, type GatedProcess, spawnGated } from "./gated-process.js";
import { lineSplitter } from "./line-splitter.js";
import { endOrphan } from "./orphan.js";
import { endGroup } from "./process-group.js";
import type { ActionOutcome, ActionRequest, ActionRunner, PreparedAction } from "./runner.js";
import { waitForEnd } from "./wait-for-end.js";

/** As `timeout(1)` and the original system do. */
const timeoutExitCode = 124;
/** How long a group may take to vanish after SIGKILL before it is left to the system. */
const afterKillMs = 2_000;
/** How long streams are read on after the command has exited, if something in the background holds them open. */
const drainMs = 250;
const maxLineChars = 64 * 1024;

export interface ShellRunnerOptions {
  /** Name or path of the shell that gets `-c <command>`. @default "bash" */
  readonly shell?: string | undefined;
  /** From SIGTERM to SIGKILL, when an action is ended. @default 2000 */
  readonly killGraceMs?: number | undefined;
  /**
   * Kept of standard output and of standard error, each. Beyond it the first and the last half of that are kept, with
   * `[... <n> bytes cut ...]` on a line between them. As much is passed to `onLine`, a line counting 200 bytes more than
   * it has; then only a last line `[... <n> lines left out ...]`. @default 10485760 (10 MiB)
   */
  readonly maxOutputBytes?: number | undefined;
}

/**
 * Runs actions as `bash -c <command>`, each in a process group of its own, with nothing on standard input.
 *
 * - The exit code is the command's; ended by a signal, it is the negative number of that.
 * - On timeout the whole group is ended (SIGTERM, after the grace SIGKILL), whatever it holds open; the exit code is 124.
 *   On abort likewise, and the outcome is `cancelled`.
 * - What a command that ended by itself leaves in the background goes on and is not waited for, but its pipes are closed
 *   250 ms later: a server that is to stay sends its output elsewhere (`server > log 2>&1 &`).
 * - A line over 64 KiB is passed to `onLine` in pieces. If `onLine` throws, the action is ended and `start` rejects with
 *   that error.
 * - A process that leaves its group (`setsid`) is out of reach.
 * - On Windows there are no process groups: only the shell itself is ended, and `endOrphan` ends nothing.
 */
export function shellRunner(options: ShellRunnerOptions = {}): ActionRunner {
  const { shell = "bash", killGraceMs = 2_000, maxOutputBytes = 10 * 1024 * 1024 } = options;
  return {
    prepare: async (request) => {
      const { command, cwd } = request;
      const gated = await spawnGated({ shell, command, cwd, env: { ...process.env, ...request.env } });
      return preparedAction(gated, request, { killGraceMs, maxOutputBytes });
    },
    endOrphan: (action, { timeoutMs, runId }) => endOrphan(action, { timeoutMs, runId, killGraceMs }),
  };
}

interface Limits {
  readonly killGraceMs: number;
  readonly maxOutputBytes: number;
}

function preparedAction(gated: GatedProcess, request: ActionRequest, limits: Limits): PreparedAction {
  let outcome: Promise<ActionOutcome> | undefined;
  const cancel = async (): Promise<ActionOutcome> => {
    gated.discard();
    await gated.exited;
    return { kind: "cancelled" };
  };
  return {
    process: identifyProcess(gated.pid),
    start: () => {
      outcome ??= request.signal.aborted ? cancel() : run(gated, request, limits);
      return outcome;
    },
    abandon: () => {
      outcome ??= cancel();
    },
  };
}

async function run(gated: GatedProcess, request: ActionRequest, limits: Limits): Promise<ActionOutcome> {
  const { killGraceMs, maxOutputBytes } = limits;
  const output = boundedOutput(maxOutputBytes);
  const stderr = boundedOutput(maxOutputBytes);
  const failure = new AbortController();
  const told = boundedLines(guarded(request.onLine, failure), maxOutputBytes);
  const lines = lineSplitter(told.pass, maxLineChars);

  gated.stdout.on("data", (chunk: Buffer) => {
    output.write(chunk);
    lines.write(chunk);
  });
  gated.stderr.on("data", (chunk: Buffer) => stderr.write(chunk));
  for (const stream of [gated.stdout, gated.stderr]) {
    stream.on("error", (error) => stderr.write(note(`Its output could not be read further: ${errorMessage(error)}`)));
  }

  const begun = performance.now();
  gated.open();
  const signals = [request.signal, failure.signal];
  const end = await waitForEnd({ exited: gated.exited, timeoutMs: request.timeoutMs, signals });
  const elapsedMs = performance.now() - begun;
  if (end.kind !== "exited") {
    const left = await endGroup(gated.pid, { killGraceMs, timeoutMs: killGraceMs + afterKillMs });
    if (left.length > 0) stderr.write(note(`Could not be ended: the processes ${left.join(", ")} are still there`));
  }
  await drain([gated.stdout, gated.stderr], drainMs);
  lines.end();
  told.end();

  if (failure.signal.aborted) throw failure.signal.reason;
  if (end.kind === "aborted") return { kind: "cancelled" };
  const texts = { output: output.text(), stderr: stderr.text() };
  const result: ActionResult =
    end.kind === "exited"
      ? { ...texts, exit_code: exitCode(end.status), duration_ms: Math.round(elapsedMs) }
      : {
          output: texts.output,
          stderr: texts.stderr || "Action timed out",
          exit_code: timeoutExitCode,
          duration_ms: request.timeoutMs,
        };
  return { kind: "completed", result };
}

/** Passes lines on until `onLine` throws: then that is the reason of `failure`, and no further line is passed. */
function guarded(onLine: (line: string) => void, failure: AbortController): (line: string) => void {
  return (line) => {
    if (failure.signal.aborted) return;
    try {
      onLine(line);
    } catch (error) {
      failure.abort(error);
    }
  };
}

function exitCode({ code, signal }: ExitStatus): number {
  if (code !== null) return code;
  return signal === null ? -1 : -constants.signals[signal];
}

function note(text: string): Buffer {
  return Buffer.from(`\n[shell-runner] ${text}.\n`);
}
