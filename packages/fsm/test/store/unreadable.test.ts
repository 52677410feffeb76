import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileStore } from "../../src/store/file-store.js";
import { newState } from "./support.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-unreadable-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("a directory that is a file gives one clear error from every method that reads", async () => {
  const dir = join(folder, "loops");
  await writeFile(dir, "not a directory");
  const store = fileStore({ dir });
  const expected = expect.objectContaining({ code: "LOOPS_STORE_READ", message: expect.stringContaining(dir) });
  expect(() => store.find("name")).toThrowError(expected);
  expect(() => store.list()).toThrowError(expected);
  expect(() => store.acquire("some-id")).toThrowError(expected);
  expect(() => store.history("name")).toThrowError(expected);
});

it.runIf(existsSync("/proc/self"))(
  "a directory where none can be made is refused at once, and nobody is told to resume",
  () => {
    const store = fileStore({ dir: "/proc/loops" });
    const message = expect.stringMatching(/cannot write \/proc\/loops\/\.running: ENOENT.*then try again\.$/);
    expect(() => store.create(newState())).toThrowError(
      expect.objectContaining({ code: "LOOPS_STORE_WRITE", message }),
    );
  },
);
