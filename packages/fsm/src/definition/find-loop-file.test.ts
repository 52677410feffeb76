import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadLoop } from "./load.js";
import type { LoopDefinitionError } from "./problem.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "loops-files-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return join(directory, "main.yaml");
}

const refused = (path: string) =>
  loadLoop(path).then(
    () => expect.unreachable("the file was accepted"),
    (error: LoopDefinitionError) => error,
  );

const BASE = "name: base\ninitial: a\nstates: {a: {action: make, next: z}, z: {terminal: true}}\n";
const nameOf = async (from: string, files: Readonly<Record<string, string>>) => {
  const path = await write({ ...files, "main.yaml": `name: main\nfrom: ${from}\n` });
  return (await loadLoop(path)).definition.description;
};
const described = (description: string) => `${BASE}description: ${description}\n`;

describe("a file that a loop names", () => {
  it("is its path next to the file that names it, else that with .fsm.yaml, .yaml or .yml behind it", async () => {
    const files = { "b.yml": described("yml") };
    expect(await nameOf("b", files)).toBe("yml");
    expect(await nameOf("b", { ...files, "b.yaml": described("yaml") })).toBe("yaml");
    expect(await nameOf("b", { ...files, "b.fsm.yaml": described("fsm") })).toBe("fsm");
    expect(await nameOf("b", { ...files, b: described("itself") })).toBe("itself");
  });

  it("may lie in a folder, above, or anywhere by its absolute path; a folder of that name is none", async () => {
    await mkdir(join(directory, "lib"));
    expect(await nameOf("lib/b", { "lib/b.yaml": described("below") })).toBe("below");
    expect(await nameOf("lib", { "lib.yaml": described("beside") })).toBe("beside");
    expect(await nameOf("lib/up", { "lib/up.yaml": "from: ../top", "top.yaml": described("above") })).toBe("above");
    expect(await nameOf(join(directory, "lib/b"), {})).toBe("below");
  });

  it("B-55: is looked for from the working directory at last", async () => {
    await write({ "cwd.yaml": described("here") });
    expect(await nameOf(relative(process.cwd(), join(directory, "cwd.yaml")), {})).toBe("here");
  });

  it("of fragments that a parent imports is looked for next to the loop, then next to the parent", async () => {
    const files = {
      "main.yaml": "name: main\nfrom: lib/parent\n",
      "lib/parent.yaml": `import: [own.yaml, lib/common.yaml]\n${BASE.replace("{action: make,", "{fragment: f, action: make,")}`,
      "lib/own.yaml": "fragments: {f: {timeout: 1}}",
      "lib/common.yaml": "fragments: {f: {capture: out, timeout: 2}}",
    };
    const path = await write(files);
    const { definition, warnings } = await loadLoop(path);
    expect(definition.states["a"]).toEqual({ action: "make", next: "z", capture: "out", timeout: 2 });
    expect(warnings).toEqual([]);
  });

  it("that is not there is one problem of the loop, with its place and all places that were looked at", async () => {
    const path = await write({ "main.yaml": "name: main\nfrom: lib/base\n" });
    const error = await refused(path);
    expect(error.code).toBe("LOOPS_LOOP_INVALID");
    expect(error.problems).toHaveLength(1);
    expect(error.message).toContain(`${path}:2:7 from: "lib/base" cannot be read: there is no such file (looked for `);
    for (const place of ["lib/base", "lib/base.fsm.yaml", "lib/base.yaml", "lib/base.yml"]) {
      expect(error.message).toContain(join(directory, place));
    }
    expect(error.message).toContain("\n    2 | from: lib/base");
  });

  it("that cannot be read is a problem of the loop, too: no text, too large, never ending, impossible", async () => {
    const path = await write({ "latin.yaml": new Uint8Array([0x6e, 0xff]), "large.yaml": "#".repeat(1024 * 1024 + 1) });
    execFileSync("mkfifo", [join(directory, "pipe.yaml")]);
    const imports = ["latin.yaml", "large.yaml", "pipe.yaml", '"a\\0b"', `${"x".repeat(5000)}`];
    await write({ "main.yaml": `import: [${imports.join(", ")}]\n${BASE}` });
    const { problems } = await refused(path);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("this is not text in UTF-8"),
      expect.stringContaining("1048577 bytes are too many"),
      expect.stringContaining("there is no such file"),
      expect.stringContaining("cannot be read"),
      expect.stringContaining("cannot be read"),
    ]);
  });

  it("that builds on the loop itself is found out, by whatever path it says so", async () => {
    const path = await write({ "main.yaml": "from: lib/b\n", "lib/b.yaml": "from: ../lib/../main.yaml\n" });
    expect((await refused(path)).message).toMatch(/a loop cannot build on itself: \S+main\.yaml -> \S+b\.yaml -> /);
    const other = relative(process.cwd(), path);
    expect((await refused(`./${other}`)).message).toContain("a loop cannot build on itself");
  });

  it("is named where something in it is wrong", async () => {
    const path = await write({
      "main.yaml": "name: main\nfrom: base\n",
      "base.yaml": BASE.replace("next: z", "next: y"),
    });
    expect((await refused(path)).message).toContain(
      `${join(directory, "base.yaml")}:3:34 states.a.next: unknown state "y"`,
    );
  });

  it("of a child loop is read to check what it is given", async () => {
    const child =
      "name: c\ninitial: a\nparameters: {n: {type: integer, required: true}}\nstates: {a: {terminal: true}}\n";
    const path = await write({
      "main.yaml": BASE.replace("action: make", "loop: c, with: {m: 1}"),
      "c.yaml": child,
    });
    expect((await refused(path)).problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('the loop "c" needs "n"'),
      expect.stringContaining('the loop "c" has no parameter "m"'),
    ]);
  });
});
