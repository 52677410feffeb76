import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { gitDiffStat } from "../../src/evaluators/git-diff-stat.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "loops-diff-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

const { signal } = new AbortController();
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: dir });

function makeRepository(): void {
  git("init", "-q");
  mkdirSync(join(dir, "src"));
  writeFileSync(join(dir, "src/a.ts"), "one\n");
  writeFileSync(join(dir, "b.md"), "one\n");
  writeFileSync(join(dir, "--stat"), "one\n");
  git("add", ".");
  git("commit", "-qm", "first");
}

/** A `git` of the test's own, first in the path. */
function fakeGit(script: string): void {
  const path = join(dir, "bin");
  mkdirSync(path);
  writeFileSync(join(path, "git"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(path, "git"), 0o755);
  vi.stubEnv("PATH", `${path}:${process.env["PATH"] ?? ""}`);
}

describe("gitDiffStat", () => {
  it("says what has changed in the working tree, in all of it or below some paths", async () => {
    makeRepository();
    const diffStat = gitDiffStat({ cwd: dir });
    expect(await diffStat([], signal)).toBe("");
    writeFileSync(join(dir, "src/a.ts"), "two\n");
    writeFileSync(join(dir, "b.md"), "two\n");
    expect(await diffStat([], signal)).toMatch(/b\.md.*src\/a\.ts.*2 files changed/s);
    const below = await diffStat(["src"], signal);
    expect(below).toMatch(/src\/a\.ts.*1 file changed/s);
    expect(below).not.toContain("b.md");
  });

  it("takes a path for a path, whatever it looks like", async () => {
    makeRepository();
    writeFileSync(join(dir, "--stat"), "two\n");
    expect(await gitDiffStat({ cwd: dir })(["--stat"], signal)).toContain("1 file changed");
    expect(await gitDiffStat({ cwd: dir })(["; touch evil", "$(touch evil)"], signal)).toBe("");
  });

  it("rejects with what git said, where it fails", async () => {
    fakeGit("echo 'fatal: something is broken' >&2; exit 128");
    await expect(gitDiffStat({ cwd: dir })([], signal)).rejects.toMatchObject({
      code: "LOOPS_DIFF",
      message: expect.stringMatching(/\(128\): fatal: something is broken/),
      cause: expect.anything(),
    });
  });

  it("rejects where there is no git, or no such directory", async () => {
    const error = { code: "LOOPS_DIFF", message: expect.stringContaining("git is not installed, or") };
    await expect(gitDiffStat({ cwd: join(dir, "none") })([], signal)).rejects.toMatchObject(error);
    vi.stubEnv("PATH", dir);
    await expect(gitDiffStat({ cwd: dir })([], signal)).rejects.toMatchObject(error);
  });

  it("ends a git that hangs, at its deadline and on the signal", async () => {
    fakeGit("exec sleep 600");
    await expect(gitDiffStat({ cwd: dir, timeoutMs: 50 })([], signal)).rejects.toMatchObject({
      code: "LOOPS_DIFF",
      message: expect.stringContaining("longer than 50 ms"),
    });
    const stop = new AbortController();
    const looking = gitDiffStat({ cwd: dir })([], stop.signal);
    stop.abort(new Error("stopped by force"));
    await expect(looking).rejects.toThrow("stopped by force");
  });
});
