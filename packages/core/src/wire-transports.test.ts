import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LoopsError } from "./errors.js";
import type { Transport, WireContext } from "./transport.js";
import { type WireConfig, type WireOptions, wireTransports } from "./wire-transports.js";

let project: string;

/** Installs a package into the scratch project whose transport records how it was made. */
async function install(name: string, source: string): Promise<void> {
  const folder = join(project, "node_modules", name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name, type: "module", exports: "./index.js" }));
  await writeFile(join(folder, "index.js"), source);
}

const recording = (name: string) =>
  `export const createTransport = (options, context) => ({ name: ${JSON.stringify(name)}, options, context, closed: 0, send() {}, close() { this.closed++; } });`;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "loops-wire-"));
  await install("@loops/jsonl", recording("jsonl"));
  await install("@loops/socket", recording("socket"));
  await install(
    "@loops/webhook",
    `export const createTransport = (o, { warn }) => (warn("[webhook] url is not set; skipped"), null);`,
  );
  await install("@loops/otel", `import "missing-sdk"; export const createTransport = () => {};`);
  await install(
    "@loops/sqlite",
    `export const createTransport = () => { throw new Error("no driver on this platform"); };`,
  );
  await install("@acme/sink", recording("acme"));
  await install("@acme/empty", "export {};");
  await install("@acme/wrong", "export const createTransport = () => ({});");
  await writeFile(join(project, "mine.js"), recording("mine"));
  await writeFile(join(project, "package.json"), `{"type":"module"}`);
});

afterAll(() => rm(project, { recursive: true, force: true }));

async function wire(config: WireConfig, options: WireOptions = {}) {
  const added: (Transport & { options: unknown; context: WireContext })[] = [];
  const warnings: string[] = [];
  const bus = { addTransport: (transport: Transport) => void added.push(transport as (typeof added)[0]) };
  const from = pathToFileURL(join(project, "main.js"));
  const wired = await wireTransports(bus, config, { from, warn: (message) => warnings.push(message), ...options });
  return { added, warnings, wired };
}

describe("wireTransports", () => {
  it("C-1: wires nothing by default; sections and their keys are optional", async () => {
    expect(await wire({})).toEqual({ added: [], warnings: [], wired: [] });
    expect((await wire({ transports: ["jsonl"], socket: { path: "unused" } })).wired).toEqual(["jsonl"]);
  });

  it("C-2: keys are snake_case in the configuration and camelCase for the factory; values are left alone", async () => {
    const { added } = await wire({ transports: ["socket"], socket: { max_clients: 3, headers: { some_key: 1 } } });
    expect(added[0]?.options).toEqual({ maxClients: 3, headers: { some_key: 1 } });
  });

  it("C-3: unknown names warn and are skipped; packages and paths are wired too", async () => {
    const { wired, warnings } = await wire({ transports: ["jsnol", "jsonl", "@acme/sink", "./mine.js"] });
    expect(wired).toEqual(["jsonl", "@acme/sink", "./mine.js"]);
    expect(warnings).toEqual([
      expect.stringMatching(/unknown transport "jsnol", skipped; known are jsonl, .*, otel, or a package or path/),
    ]);
  });

  it("C-3: names are exact: case and blanks count", async () => {
    const { wired, warnings } = await wire({ transports: ["JSONL", " jsonl", "jsonl"] });
    expect(wired).toEqual(["jsonl"]);
    expect(warnings).toHaveLength(2);
  });

  it("says when a section is of no transport, and what was meant", async () => {
    const { warnings } = await wire({ transports: ["jsonl"], josnl: {}, memory_log: {}, transport: [], socket: {} });
    expect(warnings).toEqual([
      expect.stringMatching(/"josnl" is no transport and has no effect; known are transports, jsonl/),
      expect.stringMatching(/did you mean "memory-log"\?/),
      expect.stringMatching(/did you mean "transports"\?/),
    ]);
  });

  it("C-2: says where a wrong option stands, in the words of the file", async () => {
    const importer = async () => ({
      createTransport() {
        throw new LoopsError("LOOPS_CONFIG", "[jsonl] flushIntervalMs must be a number");
      },
    });
    const wiring = wireTransports({ addTransport() {} }, { transports: ["jsonl"] }, { import: importer });
    await expect(wiring).rejects.toMatchObject({
      code: "LOOPS_CONFIG",
      message: expect.stringMatching(/flushIntervalMs must be a number \(in the section "jsonl".*snake_case\)/),
    });
  });

  it("C-4: in listed order; a repeat warns and is skipped", async () => {
    const { wired, warnings } = await wire({ transports: ["socket", "jsonl", "socket"] });
    expect(wired).toEqual(["socket", "jsonl"]);
    expect(warnings).toEqual([expect.stringMatching(/socket is listed twice/)]);
  });

  it("C-5: the base directory is the argument, else .ll in the working directory", async () => {
    const given = await wire({ transports: ["jsonl"] }, { baseDir: project });
    expect(given.added[0]?.context.baseDir).toBe(project);
    const none = await wire({ transports: ["jsonl"] });
    expect(none.added[0]?.context.baseDir).toBe(resolve(".ll"));
  });

  it("C-7: absolute paths stay, a first part .ll is the base directory, other relative ones lie below it", async () => {
    const { added } = await wire({ transports: ["jsonl"] }, { baseDir: project });
    const paths = [join(project, "..", "abs.sock"), ".ll/events.sock", ".llama/x", "deep/er.sock"];
    expect(paths.map((path) => added[0]?.context.resolvePath(path))).toEqual([
      join(project, "..", "abs.sock"),
      join(project, "events.sock"),
      join(project, ".llama/x"),
      join(project, "deep/er.sock"),
    ]);
  });

  it("C-8: a factory that has nothing to wire warns, and the rest is wired", async () => {
    const { wired, warnings } = await wire({ transports: ["webhook", "jsonl"] });
    expect(wired).toEqual(["jsonl"]);
    expect(warnings).toEqual(["[webhook] url is not set; skipped"]);
  });

  it("C-10: a transport that cannot work here throws its reason", async () => {
    await expect(wire({ transports: ["sqlite"] })).rejects.toThrowError("no driver on this platform");
  });

  it("C-11: only named packages are loaded; a missing one throws and says what to install", async () => {
    await expect(wire({ transports: ["redis-stream"] })).rejects.toMatchObject({
      code: "LOOPS_NOT_INSTALLED",
      message: expect.stringMatching(/run: npm install @loops\/redis-stream$/),
    });
    await expect(wire({ transports: ["@acme/gone"] })).rejects.toThrowError(/; run: npm install @acme\/gone$/);
    await expect(wire({ transports: ["./gone.js"] })).rejects.toThrowError(/check the path/);
    await expect(wire({ transports: ["otel"] })).rejects.toThrowError(/missing-sdk/);
  });

  it("leaves the bus as it was when one of several cannot be made, and closes the others", async () => {
    const added: Transport[] = [];
    const made: Transport[] = [];
    const transport = {
      send() {},
      closed: 0,
      close() {
        this.closed++;
      },
    };
    const importer = async (specifier: string) => ({
      createTransport() {
        if (specifier === "@loops/socket") throw new Error("no");
        made.push(transport);
        return transport;
      },
    });
    const wiring = wireTransports(
      { addTransport: (t) => added.push(t) },
      { transports: ["jsonl", "socket"] },
      { import: importer },
    );
    await expect(wiring).rejects.toThrowError("no");
    expect(made).toHaveLength(1);
    expect(added).toEqual([]);
    expect(transport.closed).toBe(1);
  });

  it("closes what the bus did not take, whatever their close does, and gives the first error", async () => {
    const closed: string[] = [];
    const sink = (name: string, close: () => unknown) => ({
      send() {},
      close() {
        closed.push(name);
        return close() as undefined;
      },
    });
    const sinks = [
      sink("taken", () => undefined),
      sink("refused", () => undefined),
      sink("throws", () => {
        throw new Error("from close");
      }),
      sink("hangs", () => new Promise(() => {})),
    ];
    const modules = sinks.map((transport) => ({ createTransport: () => transport }));
    const names = ["@a/1", "@a/2", "@a/3", "@a/4"];
    const bus = {
      addTransport(transport: Transport) {
        if (transport === sinks[1]) throw new Error("attach failed");
      },
    };
    const importer = async (specifier: string) => modules[names.indexOf(specifier)];
    await expect(wireTransports(bus, { transports: names }, { import: importer })).rejects.toThrowError(
      "attach failed",
    );
    expect(closed).toEqual(["refused", "throws", "hangs"]);
  });

  it("says in one error what is wrong with a configuration or a package", async () => {
    await expect(wire(null as never)).rejects.toMatchObject({ code: "LOOPS_CONFIG" });
    await expect(wire({ transports: "jsonl" as never })).rejects.toThrowError(/list of names/);
    await expect(wire({ transports: ["jsonl"], jsonl: "x" })).rejects.toThrowError(/section "jsonl" must be an object/);
    await expect(wire({ transports: ["@acme/empty"] })).rejects.toMatchObject({ code: "LOOPS_TRANSPORT" });
    await expect(wire({ transports: ["@acme/wrong"] })).rejects.toMatchObject({ code: "LOOPS_TRANSPORT" });
  });
});
