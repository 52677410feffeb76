import nodeFs, { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
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

it("makes a directory whose parent somebody else makes at the same moment", () => {
  const path = join(scratch(), "a", "b");
  const fs = {
    ...nodeFs,
    mkdirSync: ((directory: string) => {
      try {
        return nodeFs.mkdirSync(directory);
      } catch (error) {
        // The other process comes between the refusal and the look at what is missing.
        if (directory === path) nodeFs.mkdirSync(join(path, ".."), { recursive: true });
        throw error;
      }
    }) as typeof nodeFs.mkdirSync,
  };
  expect(makeDirectoriesSync(path, fs)).toEqual([path]);
  expect(statSync(path).isDirectory()).toBe(true);
});
