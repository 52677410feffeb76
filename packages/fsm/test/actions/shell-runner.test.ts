import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identifyProcess, isAlive, readProcess } from "@loops/core/process";
import { describe, expect, it, onTestFinished } from "vitest";
import { shellRunner } from "../../src/actions/shell-runner.js";
import type { ActionResult } from "../../src/run-state.js";
import { endAfterTest, request, resultOf, runAction, scratch } from "./support.js";

describe("an action is what `bash -c` would make of it", () => {
  /** The same through plain `bash -c`, with pipes or files as `stdio` says. */
  const bash = (command: string) => spawnSync("bash", ["-c", command], { encoding: "utf8", stdio: ["ignore", "pipe"] });

  it("standard output, standard error and exit code are the command's", async () => {
    const result = await resultOf("echo out; echo err >&2; exit 3");
    expect(result).toMatchObject({ output: "out\n", stderr: "err\n", exit_code: 3 });
    expect(result.duration_ms).toBeGreaterThanOrEqual(0);
  });

  it("$0, arguments, environment and shell level are the same", async () => {
    const command = "echo $0 $# $- $SHLVL; env | grep -v ^_= | sort";
    expect((await resultOf(command)).output).toBe(bash(command).stdout);
  });

  it("it starts in the given directory with the given environment added", async () => {
    const cwd = scratch();
    writeFileSync(join(cwd, "here"), "");
    const env = { LOOPS_RUN_ID: "run 1 'quoted'" };
    expect((await resultOf('ls; echo "$LOOPS_RUN_ID"', { cwd, env })).output).toBe("here\nrun 1 'quoted'\n");
  });

  it.runIf(process.platform === "linux")("no further descriptor is open in it", async () => {
    const command = "ls /proc/$$/fd; true";
    expect((await resultOf(command)).output).toBe(bash(command).stdout);
  });

  it("standard input is empty", async () => {
    expect((await resultOf("cat; read -r line; echo $?")).output).toBe("1\n");
  });

  it("standard output and standard error can be opened by name", async () => {
    const result = await resultOf("echo a > /dev/stderr; echo b | tee /dev/stderr > /dev/stdout");
    expect(result).toMatchObject({ output: "b\n", stderr: "a\nb\n", exit_code: 0 });
  });

  it("a command that ends by a signal has its negative number as exit code", async () => {
    expect((await resultOf("kill -TERM $$")).exit_code).toBe(-15);
    expect((await resultOf("kill -KILL $$")).exit_code).toBe(-9);
  });

  it("a text that begins with a dash is a command, not an option of the shell", async () => {
    expect(await resultOf("-x")).toMatchObject({ exit_code: 127, output: "" });
  });

  it("text is passed as it is: quotes, newlines, dollars, nothing", async () => {
    expect((await resultOf(`printf '%s\\n' "a'b" 'c"d' '$HOME'\necho "é"`)).output).toBe(`a'b\nc"d\n$HOME\né\n`);
    expect(await resultOf("")).toMatchObject({ exit_code: 0, output: "" });
  });

  it("another shell can be given", async () => {
    expect((await resultOf("echo $0", {}, { shell: "sh" })).output).toBe("sh\n");
  });
});

describe("output of an action", () => {
  it("of a command that prints for ever is bounded in its lines too, and its timeout holds", async () => {
    const lines: string[] = [];
    const options = { maxOutputBytes: 100_000, killGraceMs: 100 };
    const result = await resultOf("yes", { timeoutMs: 300, onLine: (line) => lines.push(line) }, options);
    expect(result).toMatchObject({ exit_code: 124, duration_ms: 300 });
    expect(lines).toHaveLength(Math.floor(100_000 / 201) + 1);
    expect(lines.at(-2)).toBe("y");
    const leftOut = Number(/^\[\.\.\. (\d+) lines left out \.\.\.\]$/.exec(lines.at(-1) ?? "")?.[1]);
    const cut = Number(/(\d+) bytes cut/.exec(result.output)?.[1]);
    // Every line that was printed is told or counted: two bytes each.
    expect(Math.abs((lines.length - 1 + leftOut) * 2 - (cut + 100_000))).toBeLessThanOrEqual(2);
  });

  it("comes line by line, right-stripped, the last one without newline too", async () => {
    const lines: string[] = [];
    await resultOf("printf 'a  \\r\\n\\n  b\\t\\nlast'", { onLine: (line) => lines.push(line) });
    expect(lines).toEqual(["a", "", "  b", "last"]);
  });

  it("comes while the command runs", async () => {
    const directory = scratch();
    // The command ends only once its first line was heard.
    const onLine = (line: string) => writeFileSync(join(directory, line), "");
    const result = await resultOf("echo heard; until [ -e heard ]; do sleep 0.01; done", { cwd: directory, onLine });
    expect(result.exit_code).toBe(0);
  });

  it.runIf(process.platform === "linux")("is whole although its command ended before any of it was read", async () => {
    const prepared = await shellRunner().prepare(request("head -c 50000 /dev/zero; head -c 50000 /dev/zero >&2"));
    const outcome = prepared.start();
    while (readProcess(prepared.process?.pid ?? -1)?.zombie !== true);
    const { result } = (await outcome) as { result: ActionResult };
    expect([result.output.length, result.stderr.length]).toEqual([50_000, 50_000]);
  });

  it("that is not text does no harm", async () => {
    const result = await resultOf("head -c 300000 /dev/urandom; printf '\\0\\377'");
    expect(result.exit_code).toBe(0);
    expect(result.output.endsWith("\0\ufffd")).toBe(true);
  });

  it("without any newline comes in bounded pieces of which nothing is lost", async () => {
    const lines: string[] = [];
    const result = await resultOf("head -c 1000000 /dev/zero | tr '\\0' x", { onLine: (line) => lines.push(line) });
    expect(lines.join("")).toBe(result.output);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(65_536);
  });

  it("without end is kept within the bound: its begin, its end, and how much was cut", async () => {
    const result = await resultOf("echo first; yes | head -c 20000000; echo last", {}, { maxOutputBytes: 100_000 });
    expect(result.output.length).toBeLessThan(100_100);
    expect(result.output).toMatch(/^first\ny\n/);
    expect(result.output).toMatch(/\ny\nlast\n$/);
    expect(result.output).toContain(`\n[... ${20_000_011 - 100_000} bytes cut ...]\n`);
  });

  it("ends the action when its listener throws, and the error is the caller's", async () => {
    const failure = new Error("the store is full");
    const heard: string[] = [];
    const onLine = (line: string) => {
      heard.push(line);
      throw failure;
    };
    const prepared = await shellRunner().prepare(request("echo a; echo b; sleep 300", { onLine }));
    await expect(prepared.start()).rejects.toBe(failure);
    expect(heard).toEqual(["a"]);
    expect(prepared.process).not.toBe(null);
    if (prepared.process !== null) expect(isAlive(prepared.process)).toBe(false);
  });
});

describe("what an action leaves behind", () => {
  it("a process in the background is neither waited for nor ended, even if it holds the output open", async () => {
    const result = await resultOf("sleep 300 & echo $!");
    const pid = Number(result.output);
    endAfterTest(pid);
    expect(result.exit_code).toBe(0);
    expect(isAlive(identifyProcess(pid))).toBe(true);
  });

  it.runIf(process.platform === "linux")("the pipes that a background process holds open are given up", async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    await resultOf("true");
    const atFirst = open();
    for (let n = 0; n < 3; n += 1) endAfterTest(Number((await resultOf("sleep 300 & echo $!")).output));
    await expect.poll(open, { timeout: 10_000 }).toBeLessThanOrEqual(atFirst);
  });

  it.runIf(process.platform === "linux")(
    "200 actions leave no descriptor open and no file",
    async () => {
      const directory = scratch();
      const before = process.env["TMPDIR"];
      process.env["TMPDIR"] = directory;
      onTestFinished(() => {
        if (before === undefined) delete process.env["TMPDIR"];
        else process.env["TMPDIR"] = before;
      });
      await resultOf("true");
      const open = () => readdirSync("/proc/self/fd").length;
      const atFirst = open();
      for (let n = 0; n < 200; n += 1) expect((await resultOf("true")).exit_code).toBe(0);
      await expect.poll(open, { timeout: 10_000 }).toBeLessThanOrEqual(atFirst);
      expect(readdirSync(directory)).toEqual([]);
    },
    120_000,
  );

  it("actions run without a place for temporary files", async () => {
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = join(scratch(), "absent");
    onTestFinished(() => {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    });
    expect(await resultOf("echo out; echo err >&2")).toMatchObject({ output: "out\n", stderr: "err\n", exit_code: 0 });
  });
});

describe("an action that cannot be made says why, and what to do", () => {
  const cases: readonly [string, Parameters<typeof runAction>, RegExp][] = [
    ["no such shell in PATH", ["true", {}, { shell: "no-such-shell" }], /"no-such-shell" is in no directory of PATH/],
    ["no such shell file", ["true", {}, { shell: "/no/such/shell" }], /"\/no\/such\/shell" does not exist/],
    ["a PATH without it", ["true", { env: { PATH: "/no/such" } }], /"bash" is in no directory of PATH/],
    ["no such directory", ["true", { cwd: "/no/such/directory" }], /working directory \/no\/such\/directory does not/],
    ["a file as directory", ["true", { cwd: "/dev/null" }], /working directory \/dev\/null .* is no directory/],
    ["a text too long for the system", [`: ${"x".repeat(200_000)}`], /text of 200002 bytes.*script file/],
    ["a NUL in the text", ["echo a\0b"], /NUL/],
    ["a NUL in the environment", ["true", { env: { A: "\0" } }], /NUL/],
  ];

  it.each(cases)("%s", async (_, parameters, message) => {
    await expect(runAction(...parameters)).rejects.toMatchObject({
      code: "LOOPS_ACTION_SPAWN",
      message: expect.stringMatching(message),
    });
  });
});
