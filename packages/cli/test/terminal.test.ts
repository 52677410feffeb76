import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { countToThree, type Folder, folder } from "./support.js";

const command = fileURLToPath(new URL("../dist/loops.js", import.meta.url));
const waiting = { timeout: 10_000 };
/** Of util-linux: runs a command on a terminal of its own. */
const hasScript = spawnSync("script", ["--version"]).status === 0;
const quoted = (args: readonly string[]) => [process.execPath, command, ...args].map((arg) => `'${arg}'`).join(" ");

interface OnTerminal {
  readonly code: number | null;
  readonly shown: string;
}

/** Runs the command on a terminal, with what a person types. */
async function onTerminal(
  { path }: Folder,
  args: readonly string[],
  {
    env = {},
    columns = 80,
    type,
  }: { env?: NodeJS.ProcessEnv; columns?: number; type?: readonly [RegExp, string][] } = {},
): Promise<OnTerminal> {
  const child = spawn("script", ["-qec", `stty rows 24 cols ${columns}; ${quoted(args)}`, "/dev/null"], {
    cwd: path,
    env: { ...process.env, TERM: "xterm", NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    shown += chunk;
  });
  for (const [until, keys] of type ?? []) {
    await vi.waitFor(() => expect(shown).toMatch(until), waiting);
    child.stdin.write(keys);
  }
  return { code: await code, shown };
}

describe.runIf(hasScript)("on a terminal", () => {
  const slow = "name: slow\ninitial: a\nstates: {a: {action: sleep 0.3; echo over, next: b}, b: {terminal: true}}\n";
  const place = () => {
    const made = folder();
    made.write("slow.yaml", slow);
    return made;
  };

  it("progress has colour and a line that moves, and gives the cursor back", async () => {
    const { code, shown } = await onTerminal(place(), ["run", "slow.yaml"]);
    expect(code).toBe(0);
    expect(shown).toContain("\u001b[36ma\u001b[39m");
    expect(shown).toMatch(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] a 0\.\d s/);
    expect(shown.lastIndexOf("\u001b[?25h")).toBeGreaterThan(shown.lastIndexOf("\u001b[?25l"));
  });

  it("a state that is over before the line moves leaves no traces of it", async () => {
    const made = folder();
    made.write("fast.yaml", "name: fast\ninitial: a\nstates: {a: {next: c}, c: {next: b}, b: {terminal: true}}\n");
    const { shown } = await onTerminal(made, ["run", "fast.yaml"]);
    expect(stripVTControlCharacters(shown)).toContain("fast ended in b");
    const [, ...sequences] = shown.split("\u001b");
    expect(sequences.filter((sequence) => /^\[(\?25[hl]|\d*[AGJK])/.test(sequence))).toEqual([]);
  });

  it("what an action prints changes neither its title nor its screen", async () => {
    const made = folder();
    const forged = "printf '\\033[2J\\033]0;title\\007plain\\rforged\\n'";
    made.write(
      "esc.yaml",
      `name: esc\ninitial: a\nstates:\n  a: {action: ${JSON.stringify(forged)}, next: b}\n  b: {terminal: true}\n`,
    );
    const { shown } = await onTerminal(made, ["run", "esc.yaml"]);
    expect(shown).toContain("| plain\\rforged");
    expect(shown).not.toContain("\u001b[2J");
    expect(shown).not.toContain("title");
    // Scripts are given what was printed.
    const { out } = await made.call("run", "esc.yaml", "--json");
    expect(out).toContain("\\u001b[2J");
  });

  it.each([
    ["NO_COLOR", { NO_COLOR: "1" }],
    ["TERM=dumb", { TERM: "dumb" }],
  ])("it has neither with %s", async (_what, env) => {
    const { shown } = await onTerminal(place(), ["run", "slow.yaml"], { env });
    expect(shown).not.toContain("\u001b");
    expect(shown).toContain("| over");
  });

  it("a narrow one is not written over its edge by the line that moves", async () => {
    const name = "a-state-with-a-name-that-is-longer-than-the-terminal-is-wide";
    const { write, ...rest } = folder();
    write("slow.yaml", slow.replaceAll(/\ba\b(?=[:\n])/g, name));
    const { code, shown } = await onTerminal({ write, ...rest }, ["run", "slow.yaml"], { columns: 20 });
    expect(code).toBe(0);
    const moving = stripVTControlCharacters(shown)
      .split(/\r?\n/)
      .filter((line) => /[⠋⠙⠹]/.test(line));
    expect(moving.length).toBeGreaterThan(0);
    for (const line of moving) expect(line.length).toBeLessThanOrEqual(20);
  });

  describe("an action in doubt is asked about", () => {
    const killed = async () => {
      const made = folder();
      made.write(
        "doubt.yaml",
        "name: doubt\ninitial: a\nstates: {a: {action: 'echo begun >> log; [ -e go ] || sleep 60', next: b}, b: {terminal: true}}\n",
      );
      const child = made.start("run", "doubt.yaml");
      await vi.waitFor(() => expect(existsSync(join(made.path, "log"))).toBe(true), waiting);
      child.kill("SIGKILL");
      await child.ended;
      made.write("go", "");
      return made;
    };
    const ask = ["resume", "doubt", "--in-doubt", "ask"];
    const log = ({ path }: Folder) => readFileSync(join(path, "log"), "utf8").trim().split("\n");

    it("until there is an answer, and yes runs it again", async () => {
      const made = await killed();
      const type = [
        [/Run it again\? \[y\/n\]/, "maybe\n"],
        [/Please answer y or n/, "y\n"],
      ] as [RegExp, string][];
      const { code, shown } = await onTerminal(made, ask, { type });
      expect(code).toBe(0);
      expect(shown).toMatch(/the action of the state "a" .*may have run.*It was still running, and was ended/);
      expect(log(made)).toEqual(["begun", "begun"]);
    });

    it("and no ends the loop as failed", async () => {
      const made = await killed();
      const { code } = await onTerminal(made, ask, { type: [[/Run it again\?/, "n\n"]] });
      expect(code).toBe(1);
      expect(log(made)).toEqual(["begun"]);
    });

    it("and Ctrl-C or the end of the input leaves the run as it was", async () => {
      const made = await killed();
      expect((await onTerminal(made, ask, { type: [[/Run it again\?/, "\u0003"]] })).code).toBe(130);
      expect((await onTerminal(made, ask, { type: [[/Run it again\?/, "\u0004"]] })).code).toBe(2);
      expect((await made.call("ls")).out).toMatch(/doubt {2}killed/);
      // Without a terminal there is nobody to ask.
      const { code, err } = await made.call(...ask);
      expect(code).toBe(2);
      expect(err).toContain("--in-doubt rerun or --in-doubt fail");
      expect((await made.call("resume", "doubt", "-q")).code).toBe(0);
    });
  });
});

describe("in a pipe", () => {
  it("colour is shown where it is asked for, and nothing moves", async () => {
    const { loops, write } = folder({ FORCE_COLOR: "1" });
    write("count.yaml", countToThree);
    const { out } = await loops("run", "count.yaml");
    expect(out).toContain("\u001b[36mcheck\u001b[39m");
    expect(out).not.toContain("\u001b[?25l");
  });

  const piped = async ({ path }: Folder, script: string) => {
    const child = spawn("bash", ["-o", "pipefail", "-c", script], { cwd: path, stdio: ["ignore", "pipe", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    const code = new Promise<number | null>((resolve) => child.once("close", resolve));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await code, out, err };
  };

  it.each([
    ["tail", "big", "-n", "2000"],
    ["tail", "big", "-n", "2000", "--json"],
    ["show", "big", "--json"],
  ])("a reader that leaves ends it quietly: %s %s", async (...args) => {
    const place = folder();
    place.write(
      "big.yaml",
      "name: big\ninitial: a\nstates: {a: {action: seq 20000 | tee /dev/null | head -c 90000, capture: all, next: b}, b: {terminal: true}}\n",
    );
    await place.call("run", "big.yaml", "-q");
    const { code, out, err } = await piped(place, `${quoted(args)} | head -c 20`);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toHaveLength(20);
  });

  it.each([[[]], [["--json"]]])("a run goes on to its end when its reader has left: %j", async (more) => {
    const place = folder();
    place.write("count.yaml", countToThree);
    const { code, err } = await piped(place, `${quoted(["run", "count.yaml", ...more])} | head -c 5`);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect((await place.call("ls")).out).toMatch(/count {2}completed/);
  });

  it.runIf(existsSync("/dev/full"))("an output that cannot be written is one clear error", async () => {
    const place = folder();
    place.write("count.yaml", countToThree);
    const { code, err } = await piped(place, `${quoted(["show", "count.yaml"])} > /dev/full`);
    expect(code).toBe(1);
    expect(err).toMatch(/^The output cannot be written: ENOSPC.*\n$/);
  });

  it.runIf(existsSync("/dev/full"))("and is told once of a run, whose end it does not change", async () => {
    const place = folder();
    place.write("count.yaml", countToThree);
    const { code, err } = await piped(place, `${quoted(["run", "count.yaml"])} > /dev/full`);
    expect(code).toBe(1);
    expect(err).toMatch(/^The output cannot be written: ENOSPC.*\n$/);
    expect((await place.call("ls")).out).toMatch(/count {2}completed/);
  });

  it("a reader that is slow gets every event as JSON, more than the bus keeps for a sink", async () => {
    const place = folder();
    place.write(
      "many.yaml",
      "name: many\ninitial: a\nstates: {a: {action: seq 30000, next: b}, b: {terminal: true}}\n",
    );
    const slow = "(until [ -e go ]; do sleep 0.02; done; cat)";
    const reading = piped(place, `${quoted(["run", "many.yaml", "--json"])} | ${slow}`);
    await vi.waitFor(async () => expect((await place.call("ls")).out).toMatch(/many {2}completed/), waiting);
    place.write("go", "");
    const { code, out, err } = await reading;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.trimEnd().split("\n");
    expect(lines.filter((line) => line.includes('"action_output"'))).toHaveLength(30_000);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ event: "loop_complete" });
  });
});
