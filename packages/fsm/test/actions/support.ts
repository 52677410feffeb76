import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { ActionOutcome, ActionRequest } from "../../src/actions/runner.js";
import { type ShellRunnerOptions, shellRunner } from "../../src/actions/shell-runner.js";
import type { ActionResult } from "../../src/run-state.js";

/** A directory of this test alone. */
export function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "fsm-actions-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A request with everything that a test does not care about. */
export function request(command: string, over: Partial<ActionRequest> = {}): ActionRequest {
  const { signal } = new AbortController();
  return {
    type: "shell",
    command,
    cwd: process.cwd(),
    env: {},
    timeoutMs: 20_000,
    signal,
    onLine: () => undefined,
    ...over,
  };
}

export async function runAction(
  command: string,
  over: Partial<ActionRequest> = {},
  options: ShellRunnerOptions = {},
): Promise<ActionOutcome> {
  const prepared = await shellRunner(options).prepare(request(command, over));
  return prepared.start();
}

/** Runs an action that must complete. */
export async function resultOf(...parameters: Parameters<typeof runAction>): Promise<ActionResult> {
  const outcome = await runAction(...parameters);
  if (outcome.kind !== "completed") throw new Error(`The action was ${outcome.kind}.`);
  return outcome.result;
}

/** Ends a process that the test started, if it still is there. */
export function endAfterTest(pid: number): void {
  // Such numbers address the group that the tests themselves are in, or every process there is.
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error(`${pid} is the number of no process that a test started`);
  onTestFinished(() => {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  });
}
