import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCaptured, runForeground } from "./launcher/child.mjs";
import { withLock } from "./launcher/lock.mjs";

const run = fileURLToPath(new URL("run.mjs", import.meta.url));
const child = new URL("launcher/child.mjs", import.meta.url).href;
let dir: string;
let processes: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "loops-launcher-"));
});
afterEach(() => {
  for (const started of processes) started.kill("SIGKILL");
  processes = [];
  rmSync(dir, { recursive: true, force: true });
});

/** Starts node on a module text; resolves with what it printed by the time `ready` was seen. */
async function start(text: string, ready: string): Promise<ChildProcess & { printed: () => string }> {
  const started = spawn(process.execPath, ["--input-type=module", "-e", text], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  processes.push(started);
  let output = "";
  started.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  await expect.poll(() => output, { timeout: 10_000 }).toContain(ready);
  return Object.assign(started, { printed: () => output });
}

const ended = (started: ChildProcess) =>
  new Promise<number | null>((resolve) => started.once("close", (code) => resolve(code)));

describe("withLock", () => {
  it("lets one in at a time", async () => {
    const lock = join(dir, "lock");
    let inside = 0;
    const work = async () => {
      inside++;
      await new Promise((resolve) => setImmediate(resolve));
      expect(inside).toBe(1);
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(lock, work, { pollMs: 1 })));
    expect(existsSync(lock)).toBe(false);
  });

  it("is given up by a holder that failed", async () => {
    const lock = join(dir, "lock");
    await expect(withLock(lock, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await withLock(lock, async () => "in")).toBe("in");
  });

  it("is taken from a holder that was killed", async () => {
    const lock = join(dir, "lock");
    const holder = await start("console.log('up'); setInterval(() => {}, 1000)", "up");
    writeFileSync(lock, String(holder.pid));
    await expect(withLock(lock, async () => {}, { timeoutMs: 20, pollMs: 5 })).rejects.toThrow(`process ${holder.pid}`);
    const end = ended(holder);
    holder.kill("SIGKILL");
    await end;
    expect(await withLock(lock, async () => "in")).toBe("in");
  });
});

describe("children of the launcher", () => {
  const place = () => ({ cwd: dir, env: process.env });

  it("give their exit code, and 128 and the signal when one ended them", async () => {
    expect(await runForeground(process.execPath, ["-e", "process.exit(7)"], place())).toBe(7);
    const suicide = ["-e", "process.kill(process.pid, 'SIGKILL')"];
    expect(await runForeground(process.execPath, suicide, place())).toBe(128 + 9);
  });

  it("get each argument as it was, whatever is in it", async () => {
    const args = ["a b", "$HOME", "it's", '"', "--json", ""];
    const print = ["-e", "console.log(JSON.stringify(process.argv.slice(1)))", "--"];
    const { stdout } = await runCaptured(process.execPath, [...print, ...args], place());
    expect(JSON.parse(stdout)).toEqual(args);
  });

  it("are told of a SIGTERM to the launcher, which waits for their end and passes their code on", async () => {
    const grandchild = `process.on("SIGTERM", () => setTimeout(() => { console.log("bye"); process.exit(5); }, 50));
      setInterval(() => {}, 1000); console.log("up");`;
    const launcher = await start(
      `import { runForeground } from ${JSON.stringify(child)};
       process.exitCode = await runForeground(process.execPath, ["-e", ${JSON.stringify(grandchild)}],
         { cwd: ".", env: process.env });`,
      "up",
    );
    const end = ended(launcher);
    launcher.kill("SIGTERM");
    expect(await end).toBe(5);
    expect(launcher.printed()).toContain("bye");
  });
});

it("an unknown task ends with 2 and names the tasks there are, before anything is installed", async () => {
  const { code, output } = await runCaptured(process.execPath, [run, "nonsense"], { cwd: dir, env: process.env });
  expect(code).toBe(2);
  expect(output).toContain('Unknown task "nonsense"');
  expect(output).toContain("demo, test");
});
