import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { currentBootId, identifyProcess, isAlive, ownIdentity, startTimeOf } from "./process-identity.js";
import { parseProcStat, parsePs, readGroup, readProcess } from "./process-table.js";

const started: number[] = [];

afterEach(() => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      expect(error).toMatchObject({ code: "ESRCH" });
    }
  }
});

/** Ends it after the test. Without a pid, or with none of a process, everything there is would be addressed. */
function endAfterTest(pid: number | undefined): number {
  if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 1) throw new Error(`${pid} is no process of this test`);
  started.push(pid);
  return pid;
}

function sleeper(): { pid: number; ended: Promise<unknown> } {
  const child = spawn("sleep", ["300"], { stdio: "ignore" });
  return { pid: endAfterTest(child.pid), ended: once(child, "exit") };
}

describe("identity of a process", () => {
  it("B-16: an owner is pid, start time, boot and host, and this process is alive by it", () => {
    const own = ownIdentity();
    expect(own.pid).toBe(process.pid);
    expect(own.start_time).toMatch(/\S/);
    expect(own.boot_id).toBe(currentBootId());
    expect(own.host).not.toBe("");
    expect(isAlive(own)).toBe(true);
  });

  it("B-16: a process that ended is dead, and so is its identity", async () => {
    const { pid, ended } = sleeper();
    const identity = identifyProcess(pid);
    expect(isAlive(identity)).toBe(true);
    process.kill(pid, "SIGKILL");
    await ended;
    expect(isAlive(identity)).toBe(false);
    expect(startTimeOf(pid)).toBe(null);
  });

  it("B-16: a recycled pid is not the recorded process: start time or boot differ", () => {
    const own = ownIdentity();
    expect(isAlive({ ...own, start_time: "1" })).toBe(false);
    expect(isAlive({ ...own, boot_id: "another boot" })).toBe(false);
  });

  it("takes a pid alone as alive where start time and boot are unknown", () => {
    expect(isAlive({ pid: process.pid, start_time: null, boot_id: null })).toBe(true);
  });

  it("takes a pid that could address a group or nothing at all as dead", () => {
    for (const pid of [0, -1, -process.pid, 1.5, Number.NaN]) {
      expect(isAlive({ pid, start_time: null, boot_id: null })).toBe(false);
    }
  });

  it("takes a process of another user as alive", () => {
    // Process 1 is never of the user who runs tests, or the user is root: alive in both cases.
    expect(isAlive({ pid: 1, start_time: null, boot_id: null })).toBe(true);
  });

  it.runIf(process.platform === "linux")("takes a zombie as dead", async () => {
    // The shell becomes a program that never waits for its child; killed before that, the child could be waited for.
    const script = "sleep 300 & echo $!; exec sleep 300";
    const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
    const parentPid = endAfterTest(parent.pid);
    const [chunk] = await once(parent.stdout, "data");
    const identity = identifyProcess(Number(String(chunk)));
    endAfterTest(identity.pid);
    const nameOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    await expect.poll(() => nameOf(parentPid), { timeout: 10_000 }).toBe("sleep");
    expect(isAlive(identity)).toBe(true);
    process.kill(identity.pid, "SIGKILL");
    await expect.poll(() => readProcess(identity.pid)?.zombie, { timeout: 10_000 }).toBe(true);
    expect(isAlive(identity)).toBe(false);
  });
});

describe("the process table", () => {
  const tail = "S 7 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 1";

  it("reads a process whose command looks like the fields behind it", () => {
    for (const command of ["sh", "a b", "x) Z 1 2 3", "((", ") S 9 9", "\n)"]) {
      expect(parseProcStat(42, `42 (${command}) ${tail}`)).toEqual({
        pid: 42,
        groupId: 42,
        zombie: false,
        startTime: "987654",
      });
    }
  });

  it("knows nothing of a line that is cut off", () => {
    expect(parseProcStat(42, "42 (sh) S 7 42")).toBe(null);
    expect(parseProcStat(42, "")).toBe(null);
  });

  it("reads what ps prints", () => {
    const text = "    1     1 Ss   Thu Jan  1 00:00:00 2026    \n  42  40 Z+ Fri Jan  2 01:02:03 2026\n\nnonsense\n";
    expect(parsePs(text)).toEqual([
      { pid: 1, groupId: 1, zombie: false, startTime: "Thu Jan  1 00:00:00 2026" },
      { pid: 42, groupId: 40, zombie: true, startTime: "Fri Jan  2 01:02:03 2026" },
    ]);
  });

  it("finds this process in its group", () => {
    const own = readProcess(process.pid);
    expect(own).not.toBe(null);
    expect(readGroup(own?.groupId ?? -1)).toContainEqual(own);
  });
});
