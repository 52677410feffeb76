import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { folder } from "./support.js";

const think = `name: think
initial: think
states:
  think: {action: "/think hard", capture: thought, on_yes: done, on_no: again, on_error: lost}
  again: {terminal: true}
  lost: {terminal: true}
  done: {terminal: true}
`;
/** A model that always says the same, if it is asked for the right one. */
const says = (verdict: string) => `echo '{"verdict":"${verdict}","confidence":1,"reason":"so"}'`;
const ended = (out: string) => /think ended in (\w+)/.exec(out)?.[1];

describe("prompts and models", () => {
  it("come from the command line", async () => {
    const { call, write } = folder();
    write("think.yaml", think);
    const given = ["--prompt-command", "sed s/hard/softly/", "--model-command", says("no")];
    const { code, out, err } = await call("run", "think.yaml", ...given);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("| /think softly");
    expect(ended(out)).toBe("again");
  });

  it("come from loops.config.yaml beside --dir, wherever the person stands", async () => {
    const { call, path, write } = folder();
    mkdirSync(join(path, "project/.loops"), { recursive: true });
    write("project/.loops/think.yaml", think);
    write(
      "project/loops.config.yaml",
      `prompt: {command: cat}\nmodel: {command: '${says("yes").replaceAll("'", "''")}'}\n`,
    );
    const { code, out, err } = await call("run", "think", "--dir", "project/.loops");
    expect({ code, err, ended: ended(out) }).toEqual({ code: 0, err: "", ended: "done" });
  });

  it("come from --config instead, and the command line wins over it", async () => {
    const { call, write } = folder();
    write("think.yaml", think);
    write("loops.config.yaml", "prompt: {command: exit 1}\n");
    write("team.yaml", "prompt: {command: echo team}\nmodel: {command: exit 1}\n");
    const { out } = await call("run", "think.yaml", "--config", "team.yaml", "--model-command", says("yes"));
    expect(out).toContain("| team");
    expect(ended(out)).toBe("done");
  });

  it("B-26: are asked with the model of --llm-model, by resume, too", async () => {
    const { call, write } = folder();
    write("think.yaml", think);
    const model = `[ \${model:shell} = opus ] && ${says("yes")}`;
    const given = ["--prompt-command", "cat", "--model-command", model, "--json"];
    const verdicts = ({ out }: { out: string }) =>
      out.split("\n").flatMap((line) => (line.includes('"evaluate"') ? [JSON.parse(line).verdict] : []));
    expect(verdicts(await call("run", "think.yaml", ...given))).toEqual(["error"]);
    expect(verdicts(await call("run", "think.yaml", ...given, "--llm-model", "opus"))).toEqual(["yes"]);

    const stops = think
      .replace("initial: think", "initial: stop")
      .replace("states:", 'states:\n  stop: {action: "echo LOOP_STOP:", next: think}');
    write("stops.yaml", stops);
    expect((await call("run", "stops.yaml", ...given)).code).toBe(130);
    expect(verdicts(await call("resume", "think", ...given, "--llm-model", "opus"))).toEqual(["yes"]);
  });

  it("that are missing are warned of before anything begins, and by validate", async () => {
    const { call, write } = folder();
    write("think.yaml", think);
    const missing = [
      expect.stringMatching(
        /think has a prompt, .*give --prompt-command, or prompt\.command in loops\.config\.yaml\.$/,
      ),
      expect.stringMatching(/think has an evaluator that asks a model, .*--model-command/),
    ];
    const run = await call("run", "think.yaml", "-q");
    expect(run.err.trim().split("\n")).toEqual(missing);
    expect(ended(run.out)).toBe("lost");
    const validated = await call("validate", "think.yaml");
    expect(validated).toMatchObject({ code: 0, out: "think.yaml is valid\n" });
    expect(validated.err.trim().split("\n")).toEqual(missing);
    expect(JSON.parse((await call("validate", "think.yaml", "--json")).out).needs).toHaveLength(2);
    write("loops.config.yaml", "prompt: {command: cat}\nmodel: {command: cat}\n");
    expect((await call("validate", "think.yaml")).err).toBe("");
  });
});

describe("the configuration", () => {
  it("has MCP servers", async () => {
    const { call, write } = folder();
    const server = fileURLToPath(new URL("../../fsm/test/fixtures/mcp-stdio.mjs", import.meta.url));
    const tool = (name: string) =>
      `name: tool\ninitial: a\nstates:\n  a: {action: ${name}/add, action_type: mcp_tool, params: {a: 2, b: 3}, on_success: b, on_tool_error: c}\n  b: {terminal: true}\n  c: {terminal: true}\n`;
    write("tool.yaml", tool("s"));
    write("loops.config.yaml", `mcp: {servers: {s: {command: ${process.execPath}, args: [${server}]}}}\n`);
    const { out } = await call("run", "tool.yaml");
    expect(out).toContain('"text":"5"');
    expect(out).toContain("tool ended in b");
    write("other.yaml", tool("t"));
    expect((await call("validate", "other.yaml")).err).toMatch(/a has a tool of an MCP server that is not known/);
  });

  it("has sinks, whose packages are looked for beside it; --events wins over them", async () => {
    const { call, path, write } = folder();
    write("a.yaml", "name: a\ninitial: a\nstates: {a: {action: echo hi, next: b}, b: {terminal: true}}\n");
    const sink = (file: string) =>
      `import { appendFileSync } from "node:fs";
       export const createTransport = (options, { resolvePath }) =>
         ({ send: ({ event }) => appendFileSync(${JSON.stringify(file)}, event + " " + options.mark + "\\n"), close() {} });`;
    write("sink.mjs", sink("events.txt"));
    write("loops.config.yaml", 'events: {transports: [./sink.mjs], "./sink.mjs": {mark: config}}\n');
    write("other.yaml", 'transports: [./sink.mjs]\n"./sink.mjs": {mark: other}\n');
    await call("run", "a.yaml", "-q");
    await call("run", "a.yaml", "-q", "--events", "other.yaml");
    const lines = readFileSync(join(path, "events.txt"), "utf8").trim().split("\n");
    expect(lines.filter((line) => line.startsWith("loop_complete"))).toEqual([
      "loop_complete config",
      "loop_complete other",
    ]);
  });

  it("has sinks that bring options for the engine: what actions find in their environment, what is kept with a run", async () => {
    const { call, path, write } = folder();
    write(
      "a.yaml",
      "name: a\ninitial: a\nstates: {a: {action: 'echo $MARK > mark.txt', next: b}, b: {terminal: true}}\n",
    );
    write(
      "sink.mjs",
      `const engine = { actionEnv: ({ state }) => ({ MARK: "of " + state }), annotateRun: ({ loop }) => ({ by: "sink of " + loop }) };
       export const createTransport = () => ({ send() {}, close() {}, engine });`,
    );
    write("sinks.yaml", "transports: [./sink.mjs]\n");
    expect((await call("run", "a.yaml", "-q", "--events", "sinks.yaml")).code).toBe(0);
    expect(readFileSync(join(path, "mark.txt"), "utf8")).toBe("of a\n");
    expect((await call("show", "a", "--json")).out).toContain('"by":"sink of a"');
  });

  it("with a successor for handoffs is gone on with by that", async () => {
    const { call, path, write } = folder();
    write(
      "a.yaml",
      "name: a\ninitial: a\non_handoff: spawn\nstates: {a: {action: 'echo CONTEXT_HANDOFF: go on', next: b}, b: {terminal: true}}\n",
    );
    write(
      "loops.config.yaml",
      "handoff: {command: 'echo $LOOPS_CONTINUATION_PROMPT > successor.tmp; mv successor.tmp successor'}\n",
    );
    const { code, out, err } = await call("run", "a.yaml");
    expect(code).toBe(0);
    expect(out).toContain("a: hands over: go on");
    expect(err).toContain("Unless a successor goes on with it: loops resume");
    await expect.poll(() => existsSync(join(path, "successor")), { interval: 5, timeout: 10_000 }).toBe(true);
    expect(readFileSync(join(path, "successor"), "utf8")).toBe("go on\n");
  });

  it.each([
    [
      "promt: {command: x}",
      /"promt" has no effect; known: prompt, model, handoff, mcp, events, store\. Did you mean "prompt"\?/,
    ],
    ["prompt: {comand: x}", /"prompt\.comand" has no effect; known: command\. Did you mean "command"\?/],
    ["mcp: {server: {}}", /Did you mean "servers"\?/],
    ["events: {transports: [], jsnol: {}}", /"jsnol" is no transport/],
  ])("with a key that nobody knows is warned of, and the loop runs: %s", async (text, warning) => {
    const { call, write } = folder();
    write("a.yaml", "name: a\ninitial: a\nstates: {a: {action: echo hi, next: b}, b: {terminal: true}}\n");
    write("loops.config.yaml", text);
    const { code, err } = await call("run", "a.yaml");
    expect(code).toBe(0);
    expect(err).toMatch(warning);
  });

  it.each([
    ["prompt: {command: [claude]}", "prompt.command must be a command line"],
    ["prompt: {command: ' '}", "prompt.command must be a command line"],
    ["prompt: claude -p", "prompt must be a mapping"],
    ["- a", "a configuration must be a mapping"],
    ["{", "cannot be read"],
    ["mcp: {servers: [a]}", "mcp.servers must be a mapping"],
    ["mcp: {servers: {a: {}}}", 'the server "a" must have either a command or a url'],
    ["events: {transports: jsonl}", "list of names"],
  ])("that cannot be meant is bad input, and nothing is begun: %s", async (text, message) => {
    const { call, path, write } = folder();
    write("a.yaml", "name: a\ninitial: a\nstates: {a: {action: touch ran, next: b}, b: {terminal: true}}\n");
    write("loops.config.yaml", text);
    const { code, out, err } = await call("run", "a.yaml");
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
    expect(err).not.toContain("    at ");
    expect(existsSync(join(path, "ran"))).toBe(false);
    // Sinks are opened by a run only.
    if (!text.startsWith("events")) expect((await call("validate", "a.yaml")).code).toBe(2);
  });

  it("that is asked for and is not there is bad input; an empty one is none", async () => {
    const { call, write } = folder();
    write("a.yaml", "name: a\ninitial: a\nstates: {a: {action: echo hi, next: b}, b: {terminal: true}}\n");
    expect(await call("run", "a.yaml", "--config", "missing.yaml")).toMatchObject({ code: 2, out: "" });
    write("loops.config.yaml", "# nothing yet\nprompt:\nmcp: {servers: }\n");
    expect(await call("run", "a.yaml")).toMatchObject({ code: 0, err: "" });
  });
});
