import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const packages = fileURLToPath(new URL("../../../", import.meta.url));

it("the smallest example of the README runs as it stands, in a project of its own", () => {
  const readme = readFileSync(join(packages, "fsm", "README.md"), "utf8");
  const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const dir = mkdtempSync(join(tmpdir(), "loops-readme-"));
  try {
    mkdirSync(join(dir, "node_modules", "@loops"), { recursive: true });
    for (const name of ["core", "fsm"]) symlinkSync(join(packages, name), join(dir, "node_modules", "@loops", name));
    writeFileSync(join(dir, "example.mjs"), example);
    const { stdout, stderr, status } = spawnSync(process.execPath, ["example.mjs"], { cwd: dir, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n").slice(0, 2)).toEqual(["check -> add", "add -> check"]);
    expect(stdout).toContain("completed 7");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
