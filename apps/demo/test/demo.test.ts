import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";

const redis = await requireProgram("redis-server", "Redis in the demo");

const root = fileURLToPath(new URL("../../../", import.meta.url));
const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
/** As `npm run demo` starts it: options of Node, and the program. */
const program: readonly string[] = scripts._demo
  .split(" ")
  .slice(1)
  .map((part: string) => (part.endsWith(".js") ? join(root, part) : part));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-demo-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function demo(...args: string[]) {
  const env = { ...process.env, LOOPS_CALLED_FROM: folder, TMPDIR: folder };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** An OpenTelemetry collector that takes everything. */
async function collector() {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume().on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { requests, url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

it("runs, is killed in the middle of an action, resumes, and finds every promise kept in all seven sinks", {
  timeout: 60_000,
}, async () => {
  const otlp = await collector();
  const { REDIS_URL: _, ...rest } = process.env;
  const env = { ...rest, LOOPS_CALLED_FROM: folder, TMPDIR: folder, OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url };
  const child = spawn(process.execPath, program, { cwd: folder, env });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  otlp.close();
  expect(stderr).toBe("");
  expect(stdout).toMatch(/fix #6\n.*itmes -> items\n\n\*\*\* SIGKILL/);
  expect(stdout).toMatch(/fix-types resumes in fix \(run \w+\)\n {2}fix: was cut off.*it runs again\nfix #6\n/);
  expect(stdout.match(/^ {2}ok /gm)).toHaveLength(5);
  const [, committed = ""] = /(\d+) events were committed/.exec(stdout) ?? [];
  const readBack = ["jsonl", "sqlite", "socket", "webhook", ...(redis === undefined ? [] : ["redis-stream"])];
  for (const sink of readBack) {
    expect(stdout).toMatch(new RegExp(`^  ${sink} +(\\d+) +\\1 +0 +${committed} of ${committed} +\\d+$`, "m"));
  }
  for (const sink of ["memory-log", "otel"]) expect(stdout).toMatch(new RegExp(`^  ${sink} +(\\d+) +\\1 +0$`, "m"));
  expect(new Set(otlp.requests)).toEqual(new Set(["POST /v1/traces"]));
  expect(stdout).not.toContain("\u001b");
  const journal = /journal +(\S+)/.exec(stdout)?.[1] ?? "";
  expect(existsSync(journal)).toBe(true);
  expect(code).toBe(0);
});

describe("a loop of one's own", () => {
  const run = async (text: string) => {
    await writeFile(join(folder, "mine.yaml"), text);
    return demo("mine.yaml");
  };

  it("runs in the folder the person stands in", async () => {
    const loop =
      "name: mine\ninitial: a\nstates:\n  a: { action: pwd > where, on_yes: b, on_no: b }\n  b: { terminal: true }\n";
    const { status, stdout } = await run(loop);
    expect(stdout).toMatch(/mine ended in b after 1 states/);
    expect(existsSync(join(folder, "where"))).toBe(true);
    expect(existsSync(join(folder, ".ll", "events.jsonl"))).toBe(true);
    expect(status).toBe(0);
  });

  it("a signal ends it after its action, says how to go on, and the same command does", async () => {
    const text = [
      "name: mine",
      "initial: a",
      "states:",
      "  a: { action: 'echo begun; sleep 1; echo over; echo $LOOPS_ITERATION >> runs', on_yes: b, on_no: b }",
      "  b: { action: 'echo $LOOPS_ITERATION >> runs; exit 3', next: c }",
      "  c: { terminal: true }",
    ].join("\n");
    await writeFile(join(folder, "mine.yaml"), text);
    const env = { ...process.env, LOOPS_CALLED_FROM: folder };
    const child = spawn(process.execPath, [...program, "mine.yaml"], { cwd: folder, env });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
      if (String(chunk).includes("| begun")) child.kill("SIGTERM");
    });
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    const code = await new Promise((done) => child.on("close", done));
    expect(code).toBe(130);
    expect(errors).toMatch(/Stopping after this action/);
    expect(errors).toMatch(/The same command goes on with it/);
    expect(output).toMatch(/\| over/);

    const again = demo("mine.yaml");
    expect(again.stdout).toMatch(/mine resumes in b/);
    expect(again.stdout).toMatch(/mine ended in c/);
    expect(again.status).toBe(0);
    expect(await readFile(join(folder, "runs"), "utf8")).toBe("1\n2\n");
  });

  it("shows what a failed command said", async () => {
    const { stdout } = await run(
      "name: m\ninitial: a\nstates:\n  a: { action: 'echo why >&2; exit 3', next: b }\n  b: { terminal: true }\n",
    );
    expect(stdout).toMatch(/exit 3 after \d+ ms\n {2}! why\n/);
  });

  it("exits with 1 when the loop fails", async () => {
    const loop =
      "name: mine\ninitial: a\nmax_iterations: 3\nstates:\n  a: { action: 'true', on_yes: a, on_no: b }\n  b: { terminal: true }\n";
    expect((await run(loop)).status).toBe(1);
  });

  it.each([
    ["does not exist", undefined, /mine\.yaml/],
    ["is not YAML", "name: [", /mine\.yaml:\d+:\d+/],
    ["is not a loop", "- a\n- b\n", /mine\.yaml/],
    [
      "names an unknown state",
      "name: m\ninitial: a\nstates:\n  a: { action: x, next: bb }\n  b: { terminal: true }\n",
      /states\.a\.next/,
    ],
    ["has no end", "name: m\ninitial: a\nstates:\n  a: { next: a }\n", /terminal/],
  ])("that %s: one clear error, exit code 2", async (_what, text, where) => {
    const { status, stderr, stdout } = text === undefined ? demo("mine.yaml") : await run(text);
    expect(stderr).toMatch(where);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });
});

it("says how it is used", () => {
  expect(demo("--help")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("npm run demo -- path/to/loop.yaml"),
  });
  expect(demo("--nonsense")).toMatchObject({ status: 2 });
  expect(demo("a.yaml", "b.yaml")).toMatchObject({ status: 2 });
});

it("serves the live page beside the run, and until Ctrl-C after it", { timeout: 60_000 }, async () => {
  const text =
    "name: mine\ninitial: a\nstates:\n  a: { action: 'echo seen', on_yes: b, on_no: b }\n  b: { terminal: true }\n";
  await writeFile(join(folder, "mine.yaml"), text);
  const env = { ...process.env, LOOPS_CALLED_FROM: folder };
  const child = spawn(process.execPath, [...program, "--serve", "mine.yaml"], { cwd: folder, env });
  const ended = new Promise((done) => child.on("close", done));
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  await expect.poll(() => output, { timeout: 30_000 }).toContain("Ctrl-C ends it.");
  const url = new URL(/Live page: (\S+)/.exec(output)?.[1] ?? "");
  expect(await (await fetch(url)).text()).toContain("<title>loops</title>");
  const headers = { authorization: `Bearer ${url.hash.slice("#token=".length)}` };
  const history = async () => (await fetch(new URL("/history", url), { headers })).text();
  await expect.poll(history, { timeout: 10_000 }).toContain('"event":"loop_complete"');
  child.kill("SIGINT");
  expect(await ended).toBe(0);
});
