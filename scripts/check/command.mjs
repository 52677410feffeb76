import { execFile } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository, without a slash at its end. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** What a step throws when it has found something: the message is shown as it is, without a stack. */
export class Finding extends Error {}

const path = [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter);

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/** Ends what still runs; for the end of this process. */
export function endCommands() {
  for (const child of running) child.kill();
}

/**
 * Runs a command from node_modules/.bin or the PATH and returns what it printed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, timeoutMs?: number }} [options] `cwd` defaults to the root, `timeoutMs` to five minutes
 * @returns {Promise<string>}
 * @throws {Finding} with the whole output when it exits with another code than 0
 */
export function run(command, args, { cwd = root, timeoutMs = 300_000 } = {}) {
  return new Promise((resolve, reject) => {
    const options = {
      cwd,
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 * 1024,
      shell: process.platform === "win32",
      env: { ...process.env, PATH: path, NO_COLOR: "1", TURBO_TELEMETRY_DISABLED: "1" },
    };
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      running.delete(child);
      if (error === null) return resolve(stdout);
      const why = error.killed ? `was ended after ${timeoutMs} ms` : `failed (${error.code ?? error.signal})`;
      reject(new Finding(`${`${stdout}${stderr}`.trimEnd()}\n\`${[command, ...args].join(" ")}\` ${why}`.trimStart()));
    });
    running.add(child);
  });
}
