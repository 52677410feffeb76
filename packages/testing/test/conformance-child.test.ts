import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { scriptOf } from "./fixtures/sinks.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-testing-child-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("a child names only events that are in the file, and ends by itself when nobody listens any more", async () => {
  const path = join(folder, "events.jsonl");
  const script = fileURLToPath(scriptOf("confirms"));
  const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [chunk] = await once(child.stdout.setEncoding("utf8"), "data");
    const lines: string[] = chunk.split("\n").slice(0, -1);
    const file = readFileSync(path, "utf8");
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(file).toContain(`"id":"${line.replace("confirmed ", "")}"`);
    const ended = once(child, "exit");
    child.stdout.destroy();
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill("SIGKILL");
  }
});
