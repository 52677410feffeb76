import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireProgram } from "./services/require-program.js";

// A machine of its own for each test: a PATH that has what a Debian has, and an apt-get that is a script.

let machine: string;
let bin: string;
let log: string;

beforeEach(() => {
  machine = mkdtempSync(join(tmpdir(), "loops-services-"));
  bin = join(machine, "bin");
  log = join(machine, "apt.log");
  mkdirSync(bin);
  for (const tool of ["sh", "flock", "timeout", "sleep", "chmod"]) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
});
afterEach(() => rmSync(machine, { recursive: true, force: true }));

/** The words that apt-get was called with, without its options. */
const calls = () => readFileSync(log, "utf8").trim().split("\n");

function command(name: string, lines: string): void {
  writeFileSync(join(bin, name), `#!${bin}/sh\n${lines}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** An apt-get that writes down how it was called, then does what `lines` say. */
function apt(lines: string): void {
  command("apt-get", `for last; do case $last in install|update) echo $last >>${log};; esac; done\n${lines}`);
}

/** What an apt-get does that brings a chromium. */
const brings = `echo "#!/bin/sh" >$BIN/chromium; chmod 755 $BIN/chromium`;

function ask({ root = true, CI = "", timeoutMs = 10_000 } = {}) {
  const said: string[] = [];
  const path = requireProgram("chromium", "a browser", {
    env: { PATH: bin, BIN: bin, CI },
    root,
    timeoutMs,
    lockPath: join(machine, "lock"),
    warn: (line) => said.push(line),
  });
  return { path, said };
}

describe.skipIf(!existsSync("/usr/bin/flock"))("a program that tests need", () => {
  it("is found on the PATH, and nothing else happens", async () => {
    apt(brings);
    command("chromium", "");
    expect(await ask().path).toBe(join(bin, "chromium"));
    expect(calls).toThrow("ENOENT");
  });

  it("is installed by root where there is apt, quietly", async () => {
    apt(brings);
    const { path, said } = ask();
    expect(await path).toBe(join(bin, "chromium"));
    expect(calls()).toEqual(["install"]);
    expect(said).toEqual([]);
  });

  it("is installed after the lists were fetched, where they are missing", async () => {
    apt(`case "$*" in *update*) >$BIN/lists;; *) [ -e $BIN/lists ] && { ${brings}; };; esac`);
    expect(await ask().path).toBe(join(bin, "chromium"));
    expect(calls()).toEqual(["install", "update", "install"]);
  });

  it("is installed once, however many ask at the same time", async () => {
    apt(`sleep 0.2; ${brings}`);
    const asked = [ask(), ask(), ask()];
    for (const { path } of asked) expect(await path).toBe(join(bin, "chromium"));
    expect(calls()).toEqual(["install"]);
  });

  it("is not installed by somebody else: its tests are skipped, and it is said which and how to get it", async () => {
    apt(brings);
    const { path, said } = ask({ root: false });
    expect(await path).toBeUndefined();
    expect(said).toEqual([
      "SKIPPED: tests of a browser, because chromium is not installed. " +
        "To run them: apt-get update && apt-get install --yes --no-install-recommends chromium",
    ]);
    expect(calls).toThrow("ENOENT");
  });

  it("is an error where CI is set, not a test that is missing unnoticed", async () => {
    await expect(ask({ root: false, CI: "true" }).path).rejects.toThrow(
      "Tests of a browser cannot run: chromium is not installed. To run them: apt-get update",
    );
    expect(await ask({ root: false, CI: "false" }).path).toBeUndefined();
  });

  it("cannot be installed: the last words of apt-get are passed on", async () => {
    apt(`echo "E: Unable to locate package chromium" >&2; exit 100`);
    const { path, said } = ask();
    expect(await path).toBeUndefined();
    expect(said[0]).toContain("could not be installed: E: Unable to locate package chromium. To run them");
    apt("");
    await expect(ask({ CI: "1" }).path).rejects.toThrow("the package chromium does not bring it");
  });

  it("is waited for until the deadline, and not longer", async () => {
    apt("sleep 60");
    const { path, said } = ask({ timeoutMs: 200 });
    expect(await path).toBeUndefined();
    expect(said[0]).toContain("apt-get did not end within 0.2 s");
  });

  it("is not waited for longer than that while another process installs something", async () => {
    apt("sleep 2");
    const first = ask().path;
    await expect.poll(calls, { timeout: 10_000 }).toEqual(["install"]);
    const { path, said } = ask({ timeoutMs: 200 });
    expect(await path).toBeUndefined();
    expect(said[0]).toContain("apt-get did not end within 0.2 s");
    await first;
  });

  it("is reported missing where there is no apt", async () => {
    const { path, said } = ask();
    expect(await path).toBeUndefined();
    expect(said[0]).toContain("chromium is not installed");
  });
});
