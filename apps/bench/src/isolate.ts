import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Result } from "./harness.js";

const timeoutMs = 5 * 60_000;

/**
 * Runs one benchmark by name in a process of its own, so that what V8 learned from the events of another one does not
 * slow it down or speed it up. Both sides still share that process.
 *
 * @throws Error with the output of the child when it ends without a result
 */
export function runIsolated(name: string, rounds: number): Promise<Result> {
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const args = [...process.execArgv, main, "--json", "--rounds", String(rounds), name];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: timeoutMs }, (error, stdout, stderr) => {
      // A missed bar ends the child with 1, after its result.
      if (stdout.startsWith("{")) resolve(JSON.parse(stdout));
      else reject(new Error(`${name} ended without a result\n${stderr}`, { cause: error }));
    });
  });
}
