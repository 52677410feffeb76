import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("./fixtures/exit.mjs", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-exit-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a program that must end by itself; what it wrote to its file, its exit code and what it complained of. */
function run(name: string, onReady?: (pid: number) => void) {
  const file = join(folder, name);
  const child = spawn(process.execPath, [program, name, file], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdout.once("data", () => onReady?.(child.pid as number));
  return new Promise<{ written: string; code: number | null; signal: string | null; stderr: string; ms: number }>(
    (done) => {
      const began = performance.now();
      child.on("close", (code, signal) => {
        const written = existsSync(file) ? readFileSync(file, "utf8") : "";
        done({ written, code, signal, stderr, ms: performance.now() - began });
      });
    },
  );
}

describe("a process that ends", () => {
  it("loses nothing when the script just ends: it is kept alive until its batches are written", async () => {
    expect(await run("just-ends")).toMatchObject({ written: "5\n", code: 0, stderr: "" });
  });

  it("loses nothing of a transport whose send returns a promise", async () => {
    expect(await run("promise-send-just-ends")).toMatchObject({ written: "0\n1\n2\n3\n4\n", code: 0, stderr: "" });
  });

  it("is not kept alive by an idle bus", async () => {
    expect(await run("idle")).toMatchObject({ code: 0, stderr: "" });
  });

  it("is kept alive for exitGraceMs at most; then the rest is dropped, counted and said", async () => {
    const { written, code, ms, stderr } = await run("never-delivers");
    expect(stderr).toMatch(/\[stuck\] undelivered at exit: 5/);
    expect(stderr).toMatch(/\[lane\] undelivered at exit: 5/);
    expect(JSON.parse(written)).toEqual([{ exit: 5 }, { exit: 5 }]);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(9000);
  });

  it("loses nothing at process.exit where a sink can write synchronously", async () => {
    expect(await run("process-exit")).toMatchObject({ written: "5\n", code: 0, stderr: "" });
  });

  it("says how many were lost at process.exit where it cannot", async () => {
    const { stderr } = await run("process-exit-async");
    expect(stderr).toMatch(/^\[async\] undelivered at exit: 5/);
  });

  it("says nothing of what a sink keeps elsewhere", async () => {
    const { stderr } = await run("process-exit-kept");
    expect(stderr).toBe("[partly] undelivered at exit: 2; await bus.close() before it\n");
  });

  it("says why they were lost, where the sink has said why: a warning would come too late", async () => {
    const { stderr } = await run("process-exit-failing");
    expect(stderr).toBe("[full] undelivered at exit: 5 ([full] no space left); await bus.close() before it\n");
  });

  it("says nothing of an error that the sink has recovered from", async () => {
    const { stderr } = await run("process-exit-recovered");
    expect(stderr).toMatch(/^\[once\] undelivered at exit: 5; await/m);
  });

  it("loses nothing of the event during which a listener ends the process, nor of those behind it", async () => {
    const { written, code } = await run("exit-in-listener");
    expect(code).toBe(3);
    expect(written.split("\n").filter(Boolean).sort()).toEqual([
      "before fatal nested",
      "last before",
      "last fatal",
      "last nested",
    ]);
  });

  it("loses nothing for the other sinks when one of them ends the process", async () => {
    const { written, code } = await run("exit-in-sink");
    expect(code).toBe(3);
    expect(written.split("\n").filter(Boolean).sort()).toEqual(["before in-sink", "last before", "last in-sink"]);
  });

  it("loses nothing when it dies of an uncaught error", async () => {
    expect(await run("uncaught-error")).toMatchObject({ written: "5\n", code: 1 });
  });

  it("closeOnExit delivers on a signal, and the process still ends by it", async () => {
    const result = await run("signal", (pid) => process.kill(pid, "SIGTERM"));
    expect(result).toMatchObject({ written: "5\n", signal: "SIGTERM" });
  });
});
