import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { LoopsError } from "@loops/core";
import { expect, it } from "vitest";
import { reportError } from "../src/report-error.js";
import type { Terminal } from "../src/terminal.js";
import { countToThree, type Folder, folder } from "./support.js";

const command = fileURLToPath(new URL("../dist/loops.js", import.meta.url));
const begun = (kept: string) => `name: k\ninitial: a\nstates: {a: {action: '${kept}', next: b}, b: {terminal: true}}\n`;

const inBash = async ({ path }: Folder, script: string) => {
  const child = spawn("bash", ["-c", script], { cwd: path, stdio: ["ignore", "pipe", "pipe"] });
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, out, err };
};

function reported(error: unknown) {
  let said = "";
  const err = { write: (text: string) => (said += text) };
  const code = reportError({ err } as unknown as Terminal, error);
  return { code, said };
}

it("an error tells its causes, a line each, and none that it has told already", () => {
  const root = new Error("the disk is gone\n    at nowhere");
  const between = new Error("written: the disk is gone", { cause: root });
  const error = new LoopsError("LOOPS_STORE", "it cannot be stored", { cause: between });
  expect(reported(error).said).toBe("it cannot be stored (LOOPS_STORE)\n  because: written: the disk is gone\n");
  const circular = new LoopsError("LOOPS_STORE", "round");
  circular.cause = circular;
  expect(reported(circular).said).toBe("round (LOOPS_STORE)\n");
});

it("what the system refuses is told without a stack", () => {
  const error = Object.assign(new Error("EMFILE: too many open files, open 'x'"), { code: "EMFILE", syscall: "open" });
  expect(reported(error)).toEqual({ code: 1, said: "EMFILE: too many open files, open 'x'\n" });
});

it.each([
  ["throw new Error('no key')", "while it is loaded"],
  ["export const createTransport = () => { throw new TypeError('no key') }", "while it is made"],
])("a sink that throws is bad input, without a stack: %s", async (source) => {
  const { call, write } = folder();
  write("count.yaml", countToThree);
  write("sink.mjs", source);
  write("sinks.yaml", "transports: [./sink.mjs]\n");
  const { code, out, err } = await call("run", "count.yaml", "--events", "sinks.yaml");
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/^A sink that .*sinks\.yaml names cannot be loaded: no key \(LOOPS_USAGE\)\n$/);
});

it.each([
  [`deep:=${"[".repeat(5000)}${"]".repeat(5000)}`, "--context deep is nested deeper than 100 levels"],
  [`deep:=${'{"a":'.repeat(101)}1${"}".repeat(101)}`, "--context deep is nested deeper than 100 levels"],
  ["__proto__=x", '--context __proto__: "__proto__" cannot be used as a name'],
  ['a:={"b":[{"__proto__":1}]}', '--context a: "__proto__" cannot be used as a name'],
])("a value of the context that a loop file could not have is bad input: %.30s", async (value, message) => {
  const { call, write } = folder();
  write("count.yaml", countToThree);
  const { code, err } = await call("run", "count.yaml", "-c", value);
  expect(code).toBe(2);
  expect(err).toContain(message);
  expect(err.trim().split("\n")).toHaveLength(1);
  expect((await call("run", "count.yaml", "-c", `fine:=${"[".repeat(100)}${"]".repeat(100)}`)).code).toBe(0);
});

it("a directory that was named and is not there is bad input, and so is none", async () => {
  const { call, path } = folder();
  for (const args of [["ls"], ["history", "k"]]) {
    const { code, out, err } = await call(...args, "--dir", "nope");
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("there is no directory nope");
    expect(await call(...args)).toMatchObject({ code: 0, err: "" });
  }
  expect(await call("ls", "--dir", "")).toMatchObject({ code: 2, err: expect.stringContaining("must not be empty") });
  mkdirSync(`${path}/there`);
  expect((await call("ls", "--dir", "there")).code).toBe(0);
});

it("a pipe is refused as a loop file, and a configuration that nobody writes to as well; neither is waited for", async () => {
  const place = folder();
  place.write("count.yaml", countToThree);
  spawnSync("mkfifo", ["pipe"], { cwd: place.path });
  const loops = `'${process.execPath}' '${command}'`;
  for (const given of ["pipe", "<(cat count.yaml)"]) {
    const { code, err } = await inBash(place, `${loops} run ${given}`);
    expect(code).toBe(2);
    expect(err).toMatch(/is no regular file\..*save it in a file/);
  }
  for (const option of ["--config", "--events"]) {
    const { code, err } = await inBash(place, `${loops} run count.yaml ${option} pipe`);
    expect(code).toBe(2);
    expect(err).toMatch(/cannot be read: it is a named pipe/);
  }
  expect(await inBash(place, `${loops} run count.yaml -q --config <(echo 'prompt: {command: cat}')`)).toMatchObject({
    code: 0,
    err: "",
  });
});

it("a loop whose latest run has ended names its others that can go on", async () => {
  const place = folder();
  place.write("k.yaml", begun("[ -e go ] || kill -9 $PPID"));
  await place.loops("run", "k.yaml");
  const [killed] = JSON.parse(`[${(await place.call("ls", "--json")).out}]`);
  writeFileSync(`${place.path}/go`, "");
  expect((await place.call("run", "k.yaml", "--beside", "-q")).code).toBe(0);
  const { code, err } = await place.call("resume", "k");
  expect(code).toBe(2);
  expect(err).toContain(`Other runs of the loop can go on:\n  loops resume ${killed.run_id}`);
  expect((await place.call("resume", killed.run_id, "-q")).code).toBe(0);
});
