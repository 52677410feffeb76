import { accessSync, constants, statSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { errorMessage, LoopsError } from "@loops/core";

/** What was to be spawned. */
export interface SpawnTarget {
  /** Name or path. */
  readonly shell: string;
  readonly command: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws LoopsError `LOOPS_ACTION_SPAWN` when there is no such shell: the gate would find out only after it was recorded */
export function assertShell(target: SpawnTarget): void {
  if (process.platform === "win32") return;
  const { shell, cwd, env } = target;
  const directories = (env["PATH"] ?? "/usr/bin:/bin").split(delimiter);
  const candidates = shell.includes("/") ? [shell] : directories.map((directory) => `${directory || "."}/${shell}`);
  if (candidates.some((path) => isExecutable(resolve(cwd, path)))) return;
  // A missing working directory hides a shell that is named relative to it.
  if (!isDirectory(cwd)) throw spawnError(target, undefined);
  throw new LoopsError(
    "LOOPS_ACTION_SPAWN",
    shell.includes("/")
      ? `[shell-runner] The shell ${JSON.stringify(shell)} does not exist or cannot be executed. Install it, or give another with the option "shell".`
      : `[shell-runner] The shell ${JSON.stringify(shell)} is in no directory of PATH. Install it, add its directory to PATH, or give another with the option "shell".`,
  );
}

/** Says in words why a process could not be made, and what to do about it. */
export function spawnError(target: SpawnTarget, cause: unknown): LoopsError {
  const options = cause === undefined ? undefined : { cause };
  return new LoopsError("LOOPS_ACTION_SPAWN", `[shell-runner] ${explain(target, cause)}`, options);
}

function explain({ command, cwd }: SpawnTarget, cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const what = `The action ${JSON.stringify(excerpt(command))} could not be started`;
  if (!isDirectory(cwd)) {
    return `${what}: its working directory ${cwd} does not exist or is no directory. Create it, or give another.`;
  }
  switch (code) {
    case "E2BIG":
      return `${what}: its text of ${Buffer.byteLength(command)} bytes, together with the environment, is more than the system passes to a process. Put the text in a script file and call that.`;
    case "ERR_INVALID_ARG_VALUE":
      return `${what}: its text or environment holds a NUL character, which no command can. Remove it.`;
    case "EACCES":
      return `${what}: access was denied. Check that ${cwd} may be entered and that the shell may be executed.`;
    case "EAGAIN":
    case "EMFILE":
    case "ENFILE":
    case "ENOMEM":
      return `${what}: the system is out of processes, descriptors or memory (${code}). Raise its limits (ulimit -u, -n), or run less at the same time.`;
    default:
      return `${what}: ${errorMessage(cause)}.`;
  }
}

function excerpt(command: string): string {
  return command.length <= 80 ? command : `${command.slice(0, 77)}...`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not for this user: not executable.
    return false;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
