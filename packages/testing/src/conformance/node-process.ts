import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A script that `node` runs in a process of its own. Whoever starts it ends it. */
export interface NodeProcess {
  readonly path: string;
  /** The exit code, or the signal that ended it, once both outputs are read to their end. Rejects if it cannot be started. */
  readonly ended: Promise<string>;
  /** The beginning of what it says on stderr, as a sentence: there an error is named. */
  said(): string;
  /** SIGKILL, where it still runs. */
  kill(): void;
}

/** How it ended, for messages: "exit code 3", or "SIGTERM". */
export function describeEnd(ended: string): string {
  return /^\d+$/.test(ended) ? `exit code ${ended}` : ended;
}

/** @param onOutput is handed what it writes to stdout, as it comes */
export function runScript(
  script: string | URL,
  args: readonly string[] = [],
  onOutput?: (text: string) => void,
): NodeProcess {
  const path = script instanceof URL ? fileURLToPath(script) : script;
  const stdout = onOutput === undefined ? "ignore" : "pipe";
  const child: ChildProcess = spawn(process.execPath, [path, ...args], { stdio: ["ignore", stdout, "pipe"] });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(0, 1000);
  });
  if (onOutput !== undefined) child.stdout?.setEncoding("utf8").on("data", onOutput);
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(String(code ?? signal)));
  });
  return {
    path,
    ended,
    said: () => (stderr === "" ? "It says nothing on stderr." : `It says: ${stderr.trim()}`),
    kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    },
  };
}
