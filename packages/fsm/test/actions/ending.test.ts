import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readProcess } from "@loops/core/process";
import { describe, expect, it } from "vitest";
import { groupMembers } from "../../src/actions/process-group.js";
import { shellRunner } from "../../src/actions/shell-runner.js";
import type { ProcessIdentity } from "../../src/run-state.js";
import { request, resultOf, scratch } from "./support.js";

/** Short, so that a stubborn action does not hold up the tests. */
const runner = shellRunner({ killGraceMs: 100 });
const pidOf = (process: ProcessIdentity | null): number => process?.pid ?? -1;

/** Each goes on for minutes, and resists in its own way. */
const stubborn: readonly [string, string][] = [
  ["a plain command", "sleep 300"],
  ["a command that is not the last of its shell", "sleep 300; true"],
  ["one that ignores SIGTERM", "trap '' TERM; while :; do sleep 1; done"],
  ["one with a grandchild that holds the output open", "sleep 300 & sleep 300"],
  ["one with a grandchild that ignores SIGTERM", "(trap '' TERM; while :; do sleep 1; done) & sleep 300"],
  ["one that stopped itself", "kill -STOP $$"],
  ["one that writes without end", "yes"],
  ["one that closed its output", "exec >&- 2>&-; sleep 300"],
];

describe("timeout", () => {
  it.each(stubborn)("B-17: ends %s, whole, with exit code 124", async (_, command) => {
    const prepared = await runner.prepare(request(command, { timeoutMs: 150 }));
    const outcome = await prepared.start();
    expect(outcome).toMatchObject({ kind: "completed", result: { exit_code: 124, duration_ms: 150 } });
    expect(groupMembers(pidOf(prepared.process))).toEqual([]);
  });

  it("B-17: keeps what the action said; without any standard error it says that it timed out", async () => {
    const timeoutMs = 1_500;
    const [silent, loud] = await Promise.all([
      resultOf("echo partly; sleep 300", { timeoutMs }),
      resultOf("echo why >&2; sleep 300", { timeoutMs }),
    ]);
    expect(silent).toMatchObject({ output: "partly\n", stderr: "Action timed out" });
    expect(loud).toMatchObject({ output: "", stderr: "why\n" });
  });

  it("B-17: leaves an action that ends in time its own exit code, even if it catches signals", async () => {
    const result = await resultOf("trap 'exit 9' TERM; exit 4", { timeoutMs: 10_000 });
    expect(result.exit_code).toBe(4);
  });

  it("an action gets its grace: what it does on SIGTERM is done", async () => {
    const command = "trap 'echo tidied; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    const result = await resultOf(command, { timeoutMs: 1_500 }, { killGraceMs: 10_000 });
    expect(result).toMatchObject({ output: "ready\ntidied\n", exit_code: 124 });
  });

  it("an action that was stopped gets its grace too", async () => {
    const command = "trap 'echo tidied; exit 0' TERM; kill -STOP $$";
    const result = await resultOf(command, { timeoutMs: 1_500 }, { killGraceMs: 10_000 });
    expect(result).toMatchObject({ output: "tidied\n", exit_code: 124 });
  });

  it.runIf(process.platform === "linux")(
    "an action that ended while this process was too busy to hear it did not time out",
    async () => {
      const timeoutMs = 200;
      const prepared = await shellRunner().prepare(request("exit 5", { timeoutMs }));
      const outcome = prepared.start();
      const begun = performance.now();
      // Nothing is heard in here: the process ends, and only then this one looks up, after the deadline.
      while (readProcess(pidOf(prepared.process))?.zombie !== true || performance.now() - begun < 2 * timeoutMs);
      expect(await outcome).toMatchObject({ result: { exit_code: 5 } });
    },
  );

  it("a timeout longer than any timer does not fire at once", async () => {
    expect((await resultOf("echo hi", { timeoutMs: 2 ** 40 })).exit_code).toBe(0);
    expect((await resultOf("echo hi", { timeoutMs: Number.POSITIVE_INFINITY })).exit_code).toBe(0);
  });
});

describe("cancelling", () => {
  it.each(stubborn)("B-21: ends %s, whole, and it counts as not executed", async (_, command) => {
    const abort = new AbortController();
    const directory = scratch();
    const begins = join(directory, "begun");
    const prepared = await runner.prepare(request(`: > begun; ${command}`, { cwd: directory, signal: abort.signal }));
    const outcome = prepared.start();
    await expect.poll(() => existsSync(begins), { interval: 5, timeout: 10_000 }).toBe(true);
    abort.abort();
    expect(await outcome).toEqual({ kind: "cancelled" });
    expect(groupMembers(pidOf(prepared.process))).toEqual([]);
  });

  it("B-21: before the start, the action never runs", async () => {
    const abort = new AbortController();
    const directory = scratch();
    const prepared = await runner.prepare(request(": > ran", { cwd: directory, signal: abort.signal }));
    abort.abort();
    expect(await prepared.start()).toEqual({ kind: "cancelled" });
    expect(groupMembers(pidOf(prepared.process))).toEqual([]);
    expect(existsSync(join(directory, "ran"))).toBe(false);
  });

  it("after the end, the result stays", async () => {
    const abort = new AbortController();
    const prepared = await runner.prepare(request("exit 6", { signal: abort.signal }));
    const outcome = await prepared.start();
    abort.abort();
    expect(outcome).toMatchObject({ kind: "completed", result: { exit_code: 6 } });
    expect(await prepared.start()).toBe(outcome);
  });

  it("starting twice runs once", async () => {
    const directory = scratch();
    const prepared = await runner.prepare(request("echo x >> ran", { cwd: directory }));
    const outcomes = await Promise.all([prepared.start(), prepared.start()]);
    expect(outcomes[0]).toBe(outcomes[1]);
    expect(readFileSync(join(directory, "ran"), "utf8")).toBe("x\n");
  });

  it("an abandoned action ends without having run, and stays so", async () => {
    const directory = scratch();
    writeFileSync(join(directory, "there"), "");
    const prepared = await runner.prepare(request("rm there", { cwd: directory }));
    prepared.abandon();
    prepared.abandon();
    await expect.poll(() => groupMembers(pidOf(prepared.process)), { timeout: 10_000 }).toEqual([]);
    expect(await prepared.start()).toEqual({ kind: "cancelled" });
    expect(existsSync(join(directory, "there"))).toBe(true);
  });

  it("abandoning what was started changes nothing", async () => {
    const prepared = await runner.prepare(request("exit 7"));
    const outcome = prepared.start();
    prepared.abandon();
    expect(await outcome).toMatchObject({ result: { exit_code: 7 } });
  });
});
