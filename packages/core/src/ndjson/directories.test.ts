import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeDirectoriesSync } from "./directories.js";

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "directories-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

it("makes a directory with its parents and tells which, the outermost first", () => {
  const base = scratch();
  expect(makeDirectoriesSync(join(base, "a", "b", "c"))).toEqual([
    join(base, "a"),
    join(base, "a", "b"),
    join(base, "a", "b", "c"),
  ]);
  expect(statSync(join(base, "a", "b", "c")).isDirectory()).toBe(true);
  expect(makeDirectoriesSync(join(base, "a", "b"))).toEqual([]);
});

it("refuses a place below or instead of a file", () => {
  const file = join(scratch(), "file");
  writeFileSync(file, "");
  expect(() => makeDirectoriesSync(file)).toThrow("EEXIST");
  expect(() => makeDirectoriesSync(join(file, "a", "b"))).toThrow(/ENOTDIR|ENOENT/);
});

it.runIf(existsSync("/proc/self"))("ends where a directory takes no children", () => {
  expect(() => makeDirectoriesSync("/proc/loops/a/b")).toThrow("ENOENT");
});
