import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import type { Readable } from "node:stream";
import { discardPipes, makeOutputPipes } from "./output-pipes.js";
import { signalGroup } from "./process-group.js";
import { assertShell, type SpawnTarget, spawnError } from "./spawn-error.js";

/**
 * Waits for one line on standard input; if that is closed instead (this process died), it ends with 125. Then it becomes
 * the shell: same process, standard input empty, nothing of the gate left in it.
 */
const gateScript = 'read -r LOOPS_GATE || exit 125; exec "$0" "$@" </dev/null';

/** How a process ended: one of the two is not `null`. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that waits at its gate. */
export interface GatedProcess {
  /** Also the number of its process group. */
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Never rejects. */
  readonly exited: Promise<ExitStatus>;
  /** Lets it become `<shell> -c <command>`. */
  open(): void;
  /** Ends it at its gate, and gives up its streams. */
  discard(): void;
}

/**
 * Makes a process, in its own group, that becomes `<shell> -c <command>` once its gate is opened, and never otherwise.
 * @throws LoopsError `LOOPS_ACTION_SPAWN`
 */
export async function spawnGated(target: SpawnTarget): Promise<GatedProcess> {
  assertShell(target);
  const pipes = await makeOutputPipes();
  let child: ChildProcess;
  try {
    child = spawnGate(target, ["pipe", pipes?.[0].writeFd ?? "pipe", pipes?.[1].writeFd ?? "pipe"]);
    // Without a pid there is an "error" to come, which `once` throws.
    if (child.pid === undefined) await once(child, "spawn");
  } catch (error) {
    discardPipes(pipes ?? []);
    throw spawnError(target, error);
  }
  const exited = once(child, "exit").then(([code, signal]): ExitStatus => ({ code, signal }));
  for (const pipe of pipes ?? []) closeSync(pipe.writeFd);

  const { pid, stdin } = child;
  const stdout = pipes?.[0].stream ?? child.stdout;
  const stderr = pipes?.[1].stream ?? child.stderr;
  if (pid === undefined || stdin === null || stdout === null || stderr === null) {
    throw new TypeError("[shell-runner] A spawned process has neither pid nor streams.");
  }
  // A gate that died of something else cannot be opened: `exited` tells how it ended.
  stdin.on("error", () => stdin.destroy());

  return {
    pid,
    stdout,
    stderr,
    exited,
    open: () => stdin.end("\n"),
    discard: () => {
      // Not a number that may be another's by now: only a process that nobody has waited for keeps its pid.
      if (child.exitCode === null && child.signalCode === null) signalGroup(pid, "SIGKILL");
      stdin.destroy();
      stdout.destroy();
      stderr.destroy();
    },
  };
}

/** The process alone, for who needs other streams. Without a pid there is an "error" to come. */
export function spawnGate({ shell, command, cwd, env }: SpawnTarget, stdio: SpawnOptions["stdio"]): ChildProcess {
  // A command that begins with a dash would be read as an option; any other is passed as everybody passes it.
  const shellArguments = /^[-+]/.test(command) ? ["-c", "--", command] : ["-c", command];
  const isWindows = process.platform === "win32";
  return spawn(isWindows ? shell : "/bin/sh", ["-c", gateScript, shell, ...shellArguments], {
    cwd,
    env,
    stdio,
    // Its own process group; on Windows, where there are none, this would only open a console window.
    detached: !isWindows,
    windowsHide: true,
  });
}
