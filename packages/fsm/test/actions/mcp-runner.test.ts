import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { identifyProcess, isAlive } from "@loops/core/process";
import { beforeAll, describe, expect, it } from "vitest";
import type { ActionRequest } from "../../src/actions/runner.js";
import { memoryStore, parseLoop, runLoop } from "../../src/index.js";
import { type McpServer, mcpRunner } from "../../src/mcp.js";
import { recorder } from "../engine/harness.js";
import { endAfterTest, request, scratch } from "./support.js";

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const stdio = { command: process.execPath, args: [fixture("mcp-stdio.mjs")] };
const runId = "01J0000000000000000000000A";

async function run(server: McpServer, command: string, over: Partial<ActionRequest> = {}) {
  const prepared = await mcpRunner({ servers: { s: server } }).prepare(request(command, { type: "mcp_tool", ...over }));
  const outcome = await prepared.start();
  if (outcome.kind !== "completed") throw new Error(`The action was ${outcome.kind}.`);
  return { ...outcome.result, process: prepared.process };
}

/** The processes that the tool `hang` tells of, once it has begun. */
async function hanging(log: string, server: McpServer = stdio): Promise<readonly number[]> {
  // It is there before its line is.
  const text = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  await expect.poll(text, { interval: 5, timeout: 10_000 }).toMatch(/\n$/);
  const pids = text().trim().split(" ").map(Number);
  // One over HTTP goes on.
  for (const pid of "url" in server ? pids.slice(1) : pids) endAfterTest(pid);
  return pids;
}
const isGone = (pid: number) => !isAlive(identifyProcess(pid));

describe.each(["over standard input and output", "over Streamable HTTP"])("a tool of an MCP server, %s", (how) => {
  let server: McpServer = stdio;
  let openSessions: () => Promise<string>;

  beforeAll(async () => {
    if (how !== "over Streamable HTTP") return undefined;
    const child = spawn(process.execPath, [fixture("mcp-http.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
    const [port] = await once(createInterface({ input: child.stdout }), "line");
    server = { url: `http://127.0.0.1:${port}/mcp`, headers: { Authorization: "Bearer secret" } };
    openSessions = async () => (await fetch(`http://127.0.0.1:${port}/open`)).text();
    return () => void child.kill("SIGKILL");
  });

  it("gives its answer as JSON, and exit code 0", async () => {
    const lines: string[] = [];
    const result = await run(server, "s/add", { params: { a: 2, b: 3 }, onLine: (line) => lines.push(line) });
    expect(result).toMatchObject({ exit_code: 0, stderr: "" });
    expect(JSON.parse(result.output)).toMatchObject({ content: [{ type: "text", text: "5" }] });
    expect(lines).toEqual([result.output.trimEnd()]);
  });

  it("has exit code 1 where it says that it failed", async () => {
    const { exit_code, output } = await run(server, "s/fail");
    expect(exit_code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ isError: true });
  });

  it("has exit code 1 where its arguments are wrong, and says so", async () => {
    const { exit_code, output } = await run(server, "s/add", { params: { a: "two" } });
    expect(exit_code).toBe(1);
    expect(output).toMatch(/number/);
  });

  it("that is not there has exit code 127, and says which there are", async () => {
    const { exit_code, stderr } = await run(server, "s/subtract");
    expect(exit_code).toBe(127);
    expect(stderr).toMatch(/no tool "subtract"; it has: add, environment, fail/);
  });

  it("that does not answer has exit code 124 at its timeout", async () => {
    const log = join(scratch(), "log");
    const result = run(server, "s/hang", { params: { log }, timeoutMs: 1_500 });
    await hanging(log, server);
    expect(await result).toMatchObject({ exit_code: 124, stderr: "Action timed out", duration_ms: 1_500 });
  });

  it("that is given up is cancelled", async () => {
    const log = join(scratch(), "log");
    const giveUp = new AbortController();
    const servers = { s: server };
    const over = { params: { log }, signal: giveUp.signal };
    const prepared = await mcpRunner({ servers }).prepare(request("s/hang", over));
    const outcome = prepared.start();
    await hanging(log, server);
    giveUp.abort();
    expect(await outcome).toEqual({ kind: "cancelled" });
  });

  it("leaves no session open", async () => {
    if (how !== "over Streamable HTTP") return;
    await run(server, "s/add", { params: { a: 1, b: 1 } });
    expect(await openSessions()).toBe("0");
  });
});

describe("a server that is a program", () => {
  it("finds what every action finds in its environment, and what is configured", async () => {
    const env = { LOOPS_RUN_ID: runId };
    const said = async (name: string, server: McpServer) => {
      const { output } = await run(server, "s/environment", { params: { name }, env });
      return JSON.parse(output).content[0].text;
    };
    expect(await said("LOOPS_RUN_ID", stdio)).toBe(runId);
    expect(await said("TOKEN", { ...stdio, env: { TOKEN: "x" } })).toBe("x");
    expect(await said("npm_config_user_agent", stdio)).toBe("(none)");
  });

  it("is gone once the tool has answered", async () => {
    const { process: server } = await run(stdio, "s/add", { params: { a: 1, b: 1 } });
    expect(server).not.toBeNull();
    if (server !== null) expect(isAlive(server)).toBe(false);
  });

  it("is ended at the timeout with all that it started, though it ignores SIGTERM", async () => {
    const log = join(scratch(), "log");
    const result = run(stdio, "s/hang", { params: { log }, timeoutMs: 1_500 });
    const pids = await hanging(log);
    expect(pids).toHaveLength(2);
    await result;
    expect(pids.map(isGone)).toEqual([true, true]);
  });

  it("that dies has exit code 1, with what it said last", async () => {
    const { exit_code, stderr } = await run(stdio, "s/die");
    expect(exit_code).toBe(1);
    expect(stderr).toMatch(/s\/die: .*closed.*\nout of cheese/i);
  });

  it.each([
    ["does not exist", { command: "/no/such/server" }, 127, /cannot be run: .*\/no\/such\/server/],
    ["is no MCP server, and ends", { command: "true" }, 1, /closed/i],
    ["is a shell command", { command: "echo hi; touch x" }, 127, /cannot be run/],
  ])("that %s: exit code and one clear text", async (_what, server, exit_code, text) => {
    expect(await run(server, "s/add")).toMatchObject({ exit_code, stderr: expect.stringMatching(text) });
  });

  it("that never says a word is given up at the timeout", async () => {
    const { exit_code, process: server } = await run({ command: "sleep", args: ["300"] }, "s/add", { timeoutMs: 200 });
    expect(exit_code).toBe(124);
    if (server !== null) expect(isAlive(server)).toBe(false);
  });

  it("B-1: is not even started before the action is, and is ended at its gate", async () => {
    const cwd = scratch();
    const prepared = await mcpRunner({ servers: { s: { command: "touch", args: ["began"] } } }).prepare(
      request("s/add", { cwd }),
    );
    prepared.abandon();
    expect(await prepared.start()).toEqual({ kind: "cancelled" });
    const { process: gate } = prepared;
    if (gate !== null) await expect.poll(() => isAlive(gate), { interval: 5 }).toBe(false);
    expect(existsSync(join(cwd, "began"))).toBe(false);
  });

  it("B-16: that a killed engine left is ended by whoever resumes", async () => {
    const log = join(scratch(), "log");
    const engine = spawn(process.execPath, [fixture("mcp-engine.mjs"), JSON.stringify({ stdio, log, runId })], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(createInterface({ input: engine.stdout }), "line");
    const pids = await hanging(log);
    engine.kill("SIGKILL");
    await once(engine, "exit");
    const runner = mcpRunner({ servers: {} });
    expect(await runner.endOrphan(JSON.parse(line), { timeoutMs: 10_000, runId })).toBe(true);
    expect(pids.map(isGone)).toEqual([true, true]);
  });
});

describe("a server that is not there", () => {
  it.each([
    ["is not configured", "t/add"],
    ["is named without a tool", "s"],
    ["is named with an empty tool", "s/"],
    ["has the name of what every object has", "constructor/name"],
  ])("because it %s: exit code 127, and which there are", async (_what, command) => {
    const { exit_code, stderr } = await run(stdio, command);
    expect(exit_code).toBe(127);
    expect(stderr).toMatch(/write server\/tool; known servers: s/);
  });

  it("because nobody listens there, or something else does: exit code 127", async () => {
    const other = createServer((_request, response) => response.writeHead(404).end()).listen(0, "127.0.0.1");
    await once(other, "listening");
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/mcp`;
    const elsewhere = await run({ url }, "s/add");
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
    const nowhere = await run({ url }, "s/add");
    expect([elsewhere.exit_code, nowhere.exit_code]).toEqual([127, 127]);
    expect(elsewhere.stderr).toContain(`no server at ${url}`);
    expect(nowhere.stderr).toMatch(/fetch failed: .*ECONNREFUSED/);
  });

  it.each<[string, unknown]>([
    ["no servers", {}],
    ["a list", { servers: [] }],
    ["neither a command nor a url", { servers: { s: {} } }],
    ["both", { servers: { s: { command: "x", url: "http://x" } } }],
    ["a url that is none", { servers: { s: { url: "localhost:80" } } }],
    ["an empty command", { servers: { s: { command: " " } } }],
    ["arguments in one text", { servers: { s: { command: "x", args: "a b" } } }],
    ["a header that is a number", { servers: { s: { url: "http://x", headers: { a: 1 } } } }],
    ["a name with a slash", { servers: { "a/b": { command: "x" } } }],
    ["text", { servers: { s: "npx server" } }],
  ])("because the options have %s: refused at once", (_what, options) => {
    expect(() => mcpRunner(options as never)).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
  });
});

it("is judged by mcp_result in a whole run, and the run goes where that says", async () => {
  const { definition } = parseLoop(`
name: tools
initial: add
states:
  add:
    action: s/add
    action_type: mcp_tool
    params: { a: 20, b: "\${context.b:default=x}" }
    on_yes: wrong
    on_tool_error: fail
  fail: { action: s/fail, action_type: mcp_tool, route: { tool_error: missing, _: wrong } }
  missing: { action: t/x, action_type: mcp_tool, route: { not_found: done, _: wrong } }
  done: { terminal: true }
  wrong: { terminal: true }
`);
  const bus = recorder();
  const runners = { mcp_tool: mcpRunner({ servers: { s: stdio } }) };
  const result = await runLoop({ definition, store: memoryStore(), bus, runners });
  expect(bus.named("evaluate").map(({ verdict }) => verdict)).toEqual(["tool_error", "tool_error", "not_found"]);
  expect(result.final_state).toBe("done");
});

it("without the optional client a run says what to install", async () => {
  const project = scratch();
  mkdirSync(join(project, "node_modules/@loops"), { recursive: true });
  // A copy, so that nothing is found beside it that is not installed in the project.
  const fsm = fileURLToPath(new URL("../../", import.meta.url));
  const script = `
    import { cpSync, symlinkSync, mkdirSync } from "node:fs";
    mkdirSync("node_modules/@loops/fsm");
    for (const name of ["dist", "package.json"]) cpSync(${JSON.stringify(fsm)} + name, "node_modules/@loops/fsm/" + name, { recursive: true });
    symlinkSync(${JSON.stringify(fsm)} + "node_modules/@loops/core", "node_modules/@loops/core");
    for (const name of ["ulid", "yaml", "zod"]) symlinkSync(${JSON.stringify(fsm)} + "node_modules/" + name, "node_modules/" + name);
    const { mcpRunner } = await import("@loops/fsm/mcp");
    const runner = mcpRunner({ servers: { s: { command: "true" } } });
    await runner.prepare({ command: "s/t", cwd: ".", env: {}, timeoutMs: 1000 }).catch(({ code, message }) => console.log(JSON.stringify({ code, message })));
  `;
  writeFileSync(join(project, "main.mjs"), script);
  const child = spawn(process.execPath, ["main.mjs"], { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  expect(JSON.parse(line)).toEqual({
    code: "LOOPS_NOT_INSTALLED",
    message: expect.stringMatching(/npm install @modelcontextprotocol\/sdk$/),
  });
});
