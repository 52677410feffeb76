import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { countToThree, folder } from "./support.js";

const oneAction = (name: string, action: string) =>
  `name: ${name}\ninitial: a\nstates:\n  a: {action: "${action}", next: b}\n  b: {terminal: true}\n`;
const lines = (text: string) => text.trimEnd().split("\n");
const json = (text: string) => lines(text).map((line) => JSON.parse(line));

describe("loops run", () => {
  it("runs a loop to its end, says so in plain lines in a pipe, and exits with 0", async () => {
    const { loops, write } = folder();
    write("count.yaml", countToThree);
    const { code, out, err } = await loops("run", "count.yaml");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(lines(out).at(-1)).toBe("count ended in done after 5 states (terminal)");
    expect(out).toContain("  | added");
    expect(out).not.toContain("\u001b");
  });

  it("finds a loop by its name in --dir, and takes an input and values of the context", async () => {
    const { call, path, write } = folder();
    mkdirSync(join(path, ".loops"));
    write(".loops/greet.yaml", oneAction("greet", `echo \${context.input} \${context.n} \${context.to}`));
    const { code, out } = await call("run", "greet", "hello", "-c", "n:=3", "-c", "to=you=me");
    expect(code).toBe(0);
    expect(out).toContain("  | hello 3 you=me\n");
  });

  it("refuses to begin where a value of the context is missing, and names it and where it is needed", async () => {
    const { call, path, write } = folder();
    write("a.yaml", oneAction("a", `echo \${context.who} \${context.x:default=1} $\${context.no}`));
    const { code, err } = await call("run", "a.yaml");
    expect(code).toBe(2);
    expect(err).toContain("who (state a): give it with --context who=…");
    expect(err).not.toContain("  x ");
    expect(existsSync(join(path, ".loops"))).toBe(false);
  });

  it("takes the defaults of a loop's parameters for what nobody gave", async () => {
    const { call, write } = folder();
    const parameters = "parameters:\n  n: {type: integer, default: 3}\n  who: {type: string, required: true}\n";
    write("a.yaml", parameters + oneAction("a", `echo \${context.n} \${context.who}`));
    expect((await call("run", "a.yaml")).err).toContain("who (state a)");
    expect((await call("run", "a.yaml", "-c", "who=me")).out).toContain("| 3 me");
    expect((await call("simulate", "a.yaml", "-c", "who=me", "-c", "n:=4")).out).toContain("for: echo 4 me]");
  });

  it("gives every event as a line of JSON with --json, and nothing else", async () => {
    const { call, write } = folder();
    write("count.yaml", countToThree);
    const { code, out } = await call("run", "count.yaml", "--json");
    const events = json(out);
    expect(code).toBe(0);
    expect(events[0]).toMatchObject({ event: "loop_start", loop: "count" });
    expect(events.at(-1)).toMatchObject({ event: "loop_complete", terminated_by: "terminal" });
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
  });

  it("exits with 1 where the loop fails or runs out of iterations, and says why", async () => {
    const { call, write } = folder();
    write("count.yaml", countToThree);
    write("bad.yaml", "name: bad\ninitial: a\nstates:\n  a: {action: exit 7, on_yes: b}\n  b: {terminal: true}\n");
    const limited = await call("run", "count.yaml", "-n", "2", "-q");
    expect(limited).toMatchObject({ code: 1, out: "count ended in check after 2 states (max_iterations)\n" });
    const failed = await call("run", "bad.yaml", "--quiet");
    expect(failed.code).toBe(1);
    expect(failed.out).toContain('No valid transition from state "a" for verdict "error"');
  });

  it("sends events to the sinks that --events names", async () => {
    const { call, path, write } = folder();
    write("count.yaml", countToThree);
    mkdirSync(join(path, "node_modules/@loops"), { recursive: true });
    symlinkSync(fileURLToPath(new URL("../../jsonl", import.meta.url)), join(path, "node_modules/@loops/jsonl"));
    write("sinks.yaml", "transports: [jsonl]\n");
    const { code, err } = await call("run", "count.yaml", "--events", "sinks.yaml", "--quiet");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const events = json(readFileSync(join(path, ".ll", "events.jsonl"), "utf8"));
    expect(events.at(-1)).toMatchObject({ event: "loop_complete" });
  });

  it.each([
    [["run", "nowhere"], "There is no loop"],
    [["run", "count.yaml", "-n", "0"], "whole number of at least 1"],
    [["run", "count.yaml", "-c", "novalue"], "write key=text, or key:=json"],
    [["run", "count.yaml", "-c", "n:={"], "is no JSON"],
    [["run", "count.yaml", "--events", "missing.yaml"], "cannot be read"],
    [["run", "count.yaml", "--json", "--quiet"], "cannot be used with"],
    [["rnu", "count.yaml"], "Did you mean run?"],
    [["run"], "missing required argument"],
    [["resume", "nothing"], "there is no run"],
    [["stop", "nothing"], "There is no run"],
    [["tail", "nothing"], "There is no run"],
    [["history", "count", "01X"], "There is no run"],
    [["validate", "nowhere"], "There is no loop"],
  ])("%j is bad input: exit code 2 and one clear error", async (args, message) => {
    const { call, write } = folder();
    write("count.yaml", countToThree);
    const { code, out, err } = await call(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).not.toContain("    at ");
    expect(out).toBe("");
  });
});

describe("what was run", () => {
  it("is listed, shown, drawn, told again and archived", async () => {
    const { call, write } = folder();
    write("count.yaml", countToThree);
    await call("run", "count.yaml");
    const [run] = json((await call("ls", "--json")).out);
    expect(run).toMatchObject({ loop: "count", status: "completed", alive: false, current_state: "done" });
    expect((await call("ls")).out).toMatch(/^LOOP {3}STATUS .*\ncount {2}completed {2}done/);
    expect((await call("ls", "--status", "running", "--json")).out).toBe("");
    expect((await call("show", "count")).out).toMatch(/status +completed/);
    expect(json((await call("show", "count", "--json")).out)[0]).toMatchObject({ run_id: run.run_id });
    expect((await call("graph", "count")).out).toContain("class s2 current");
    expect(lines((await call("tail", "count", "-n", "2")).out)).toHaveLength(2);

    await call("run", "count.yaml", "-q");
    const [archived] = json((await call("history", "count", "--json")).out);
    expect(archived.run_id).toBe(run.run_id);
    const told = await call("history", "count", run.run_id, "--json", "-n", "100");
    expect(json(told.out).map((event) => event.event)).not.toContain("action_output");
    const all = await call("history", "count", run.run_id, "--json", "-v", "-n", "100");
    expect(json(all.out).map((event) => event.event)).toContain("action_output");
  });

  it("a loop file is shown and drawn before it was ever run", async () => {
    const { call, write } = folder();
    write("count.yaml", countToThree);
    expect((await call("show", "count.yaml")).out).toContain("* check");
    expect((await call("graph", "count.yaml", "--format", "dot")).out).toContain('"check" -> "done" [label="yes"];');
  });
});

describe("loops validate", () => {
  it("says what is wrong where, for people and for scripts, and exits with 2", async () => {
    const { call, write } = folder();
    write("good.yaml", countToThree);
    write("bad.yaml", countToThree.replace("on_no: add", "on_no: ad"));
    const { code, out, err } = await call("validate", "good.yaml", "bad.yaml");
    expect({ code, out }).toEqual({ code: 2, out: "good.yaml is valid\n" });
    expect(err).toContain("bad.yaml:7:12");
    expect(err).toContain('Did you mean "add"?');
    const verdicts = json((await call("validate", "good.yaml", "bad.yaml", "--json")).out);
    expect(verdicts.map(({ valid }) => valid)).toEqual([true, false]);
    expect(verdicts[1].problems[0]).toMatchObject({ line: 7, column: 12, severity: "error" });
  });
});

describe("help", () => {
  it.each([["--help"], ["run", "--help"], ["help", "resume"]])(
    "%s %s explains, with examples, and exits with 0",
    async (...args) => {
      const { code, out, err } = await folder().call(...args);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toMatch(/Usage: loops .*Examples:\n {2}loops /s);
    },
  );

  it("tells its version", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect((await folder().call("--version")).out).toBe(`${version}\n`);
  });
});
