// Child processes of the launcher: one that is watched in silence, and one that takes over the terminal.
import { spawn } from "node:child_process";
import { constants } from "node:os";

/** @typedef {{ cwd: string, env: NodeJS.ProcessEnv }} Place where a child runs */

/** An end of the launcher that needs no stack: a message for the person, and an exit code. */
export class LaunchError extends Error {
  /** @param {number} exitCode @param {string} message */
  constructor(exitCode, message) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** npm and pnpm are `.cmd` files on Windows, and those start through a shell only. */
const onWindows = process.platform === "win32";
/** @param {readonly string[]} args */
const quoted = (args) => args.map((arg) => (onWindows && /[\s"]/.test(arg) ? JSON.stringify(arg) : arg));

/**
 * What a shell would report: the exit code, or 128 and the number of the signal.
 * @param {number | null} code @param {NodeJS.Signals | null} signal
 */
const exitCode = (code, signal) => code ?? 128 + (signal === null ? 0 : constants.signals[signal]);

/**
 * Runs a command without a terminal and collects what it says.
 * @param {string} command @param {readonly string[]} args @param {Place} place
 * @returns {Promise<{ code: number, output: string, stdout: string }>}
 */
export function runCaptured(command, args, place) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, quoted(args), { ...place, stdio: ["ignore", "pipe", "pipe"], shell: onWindows });
    let output = "";
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      output += chunk;
      stdout += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      output += chunk;
    });
    // Ctrl-C reaches the child by itself; a SIGTERM to the launcher would leave it behind.
    const onTerminate = () => child.kill("SIGTERM");
    process.on("SIGTERM", onTerminate);
    child.once("error", (error) => {
      process.off("SIGTERM", onTerminate);
      reject(error);
    });
    child.once("close", (code, signal) => {
      process.off("SIGTERM", onTerminate);
      resolve({ code: exitCode(code, signal), output, stdout });
    });
  });
}

/**
 * Runs a command on this terminal and outlives it, so that its last words are not written into the next prompt.
 *
 * Ctrl-C reaches the whole foreground group: the child has it already, and the launcher only waits. A signal that was
 * sent to the launcher alone is handed on; SIGINT as SIGTERM, because pnpm keeps a SIGINT to itself.
 * @param {string} command @param {readonly string[]} args @param {Place} place
 * @returns {Promise<number>} the exit code
 */
export function runForeground(command, args, place) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, quoted(args), { ...place, stdio: "inherit", shell: onWindows });
    const onInterrupt = () => {
      if (!process.stdin.isTTY) child.kill("SIGTERM");
    };
    const onTerminate = () => child.kill("SIGTERM");
    process.on("SIGINT", onInterrupt).on("SIGTERM", onTerminate).on("SIGHUP", onTerminate);
    const release = () => process.off("SIGINT", onInterrupt).off("SIGTERM", onTerminate).off("SIGHUP", onTerminate);
    child.once("error", (error) => {
      release();
      reject(error);
    });
    child.once("close", (code, signal) => {
      release();
      resolve(exitCode(code, signal));
    });
  });
}
