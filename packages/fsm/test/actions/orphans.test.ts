import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { identifyProcess, isAlive, readProcess } from "@loops/core/process";
import { describe, expect, it } from "vitest";
import { groupMembers, signalGroup } from "../../src/actions/process-group.js";
import { shellRunner } from "../../src/actions/shell-runner.js";
import type { ActionResult, ProcessIdentity } from "../../src/run-state.js";
import { endAfterTest, request, resultOf, scratch } from "./support.js";

const runner = shellRunner({ killGraceMs: 100 });
const runId = "01J0000000000000000000000A";
const timeoutMs = 10_000;
const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

interface EngineOptions {
  readonly cwd?: string;
  readonly start?: boolean;
}

/** Starts an engine in a process of its own, up to where its action is known. */
async function engine(command: string, { cwd, start = true }: EngineOptions = {}) {
  const child = spawn(process.execPath, [fixture("engine.mjs"), JSON.stringify({ command, runId, start })], {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const action: ProcessIdentity = JSON.parse(String((await lines.next()).value));
  endAfterTest(action.pid);
  return {
    action,
    exited,
    nextLine: async (): Promise<{ result: ActionResult }> => JSON.parse(String((await lines.next()).value)),
    kill: async (): Promise<void> => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Starts an action that touches `begun` once it is under way, and kills its engine then. */
async function orphan(command: string): Promise<ProcessIdentity> {
  const cwd = scratch();
  const { action, kill } = await engine(command, { cwd });
  await expect.poll(() => existsSync(join(cwd, "begun")), { interval: 5, timeout: 10_000 }).toBe(true);
  await kill();
  for (const pid of groupMembers(action.pid)) endAfterTest(pid);
  return action;
}

/** An action that has ended, leader and all, but for one process that it left in its group. */
async function leaderless(): Promise<{ action: ProcessIdentity; member: number }> {
  const prepared = await runner.prepare(request("sleep 300 &", { env: { LOOPS_RUN_ID: runId } }));
  await prepared.start();
  const action = prepared.process ?? identifyProcess(-1);
  const [member = -1] = groupMembers(action.pid);
  endAfterTest(member);
  expect(readProcess(action.pid)).toBe(null);
  expect(isAlive(identifyProcess(member))).toBe(true);
  return { action, member };
}

describe("an engine that is killed", () => {
  it("B-1: before it opens the gate, never has its action run, and no process is left", async () => {
    const cwd = scratch();
    const { action, kill } = await engine(": > ran", { cwd, start: false });
    expect(isAlive(action)).toBe(true);
    await kill();
    await expect.poll(() => isAlive(action), { interval: 5, timeout: 10_000 }).toBe(false);
    expect(existsSync(join(cwd, "ran"))).toBe(false);
    expect(await runner.endOrphan(action, { timeoutMs, runId })).toBe(false);
  });

  it("that is not killed ends by itself after its action: the runner holds nothing open", async () => {
    const { exited, nextLine } = await engine("echo hi; sleep 300 & echo $!");
    const { result } = await nextLine();
    const [, background] = result.output.split("\n");
    endAfterTest(Number(background));
    expect(result.exit_code).toBe(0);
    expect(await exited).toEqual([0, null]);
  });
});

describe("ending what a dead engine left", () => {
  it.each([
    ["the command", ": > begun; sleep 300"],
    ["and its children in the background", "sleep 300 & sleep 300 & : > begun; wait"],
    ["even if they ignore SIGTERM", "trap '' TERM; (while :; do sleep 1; done) & : > begun; while :; do sleep 1; done"],
    ["even if they are stopped", "sleep 300 & kill -STOP $!; : > begun; kill -STOP $$"],
  ])("B-16: ends the whole process group: %s", async (_, command) => {
    const action = await orphan(command);
    expect(groupMembers(action.pid)).toContain(action.pid);
    expect(await runner.endOrphan(action, { timeoutMs, runId })).toBe(true);
    expect(groupMembers(action.pid)).toEqual([]);
    expect(await runner.endOrphan(action, { timeoutMs, runId })).toBe(false);
  });

  it("B-16: leaves a process alone that only has the recorded pid", async () => {
    const action = await orphan(": > begun; sleep 300");
    expect(await runner.endOrphan({ ...action, start_time: "1" }, { timeoutMs, runId })).toBe(false);
    expect(await runner.endOrphan({ ...action, boot_id: "an earlier boot" }, { timeoutMs, runId })).toBe(false);
    expect(isAlive(action)).toBe(true);
  });

  it("B-16: ends what is left of the group when its leader is gone", async () => {
    const { action } = await leaderless();
    expect(await runner.endOrphan(action, { timeoutMs, runId })).toBe(true);
    expect(groupMembers(action.pid)).toEqual([]);
  });

  it.runIf(process.platform === "linux")(
    "B-16: leaves a group without leader alone that is of another run",
    async () => {
      const { action, member } = await leaderless();
      expect(await runner.endOrphan(action, { timeoutMs, runId: `${runId}B` })).toBe(false);
      expect(isAlive(identifyProcess(member))).toBe(true);
    },
  );

  it("B-16: says which group and which processes could not be ended by the deadline", async () => {
    const action = await orphan("trap '' TERM; : > begun; while :; do sleep 1; done");
    await expect(runner.endOrphan(action, { timeoutMs: 0, runId })).rejects.toMatchObject({
      code: "LOOPS_ORPHAN",
      message: expect.stringMatching(new RegExp(`Process group ${action.pid}.*${runId}.*kill -KILL -- -${action.pid}`)),
    });
  });

  it("B-16: never ends the process that asks, if the action itself resumes its run", async () => {
    const command = `${JSON.stringify(process.execPath)} ${JSON.stringify(fixture("end-own-group.mjs"))} $$; echo " $?"`;
    expect((await resultOf(command, { env: { LOOPS_RUN_ID: runId } })).output).toBe("LOOPS_ORPHAN 0\n");
  });

  it("nothing is left of pids that cannot be an action's, whatever was recorded", async () => {
    for (const pid of [1, 0, -1, -process.pid, Number.NaN]) {
      // Asking only, never ending: a mistake here would reach every process.
      expect(signalGroup(pid, 0)).toBe("gone");
      expect(groupMembers(pid)).toEqual([]);
    }
  });
});
