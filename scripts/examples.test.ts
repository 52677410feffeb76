import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Block, blocksOf, examplesOf, outputPattern } from "./examples/blocks.mjs";

// Every `js` block of the documentation runs as an ES module of its own, in a folder of its own where the packages of
// this workspace are installed and where the named blocks of its page (```yaml fix.yaml) lie as files. Every `ts` block
// is type-checked.

const root = fileURLToPath(new URL("..", import.meta.url));
const timeoutMs = 20_000;

const pages = [
  ...["README.md", "CONTRIBUTING.md"],
  ...markdownIn("docs"),
  ...markdownIn("docs/decisions"),
  ...readdirSync(join(root, "packages")).map((folder) => `packages/${folder}/README.md`),
]
  .filter((path) => existsSync(join(root, path)))
  .map((path) => ({ path, blocks: blocksOf(readFileSync(join(root, path), "utf8")) }));

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "loops-examples-"));
  await mkdir(join(project, "node_modules/@loops"), { recursive: true });
  for (const folder of readdirSync(join(root, "packages"))) {
    await symlink(join(root, "packages", folder), join(project, "node_modules/@loops", folder));
    for (const name of installedIn(join(root, "packages", folder, "node_modules"))) await link(folder, name);
  }
});
afterAll(() => rm(project, { recursive: true, force: true }));

describe("every js block of the documentation runs, and prints what is said", () => {
  const examples = pages.flatMap(({ path, blocks }) =>
    examplesOf(blocks).map(({ block, output }) => ({ place: `${path}:${block.line}`, block, blocks, output })),
  );

  it.each(examples)("$place", { timeout: 2 * timeoutMs }, async ({ place, block, blocks, output }) => {
    const folder = join(project, slug(place));
    await writeFiles(folder, blocks);
    const file = join(folder, "example.mjs");
    await writeFile(file, atItsLine(block));
    const ended = await run(process.execPath, ["--no-warnings", file], folder);
    expect(ended, ended.stderr).toMatchObject({ code: 0, stderr: "" });
    if (output !== undefined) expect(ended.stdout).toMatch(outputPattern(output));
  });
});

it("every ts block of the documentation compiles", { timeout: 2 * timeoutMs }, async () => {
  const folder = join(project, "types");
  await mkdir(folder);
  for (const { path, blocks } of pages) {
    for (const block of blocks.filter(({ language }) => language === "ts")) {
      await writeFile(join(folder, `${slug(path)}-${block.line}.ts`), `${atItsLine(block)}\nexport {};\n`);
    }
  }
  const compilerOptions = {
    ...{ target: "es2023", module: "nodenext", moduleDetection: "force", noEmit: true, skipLibCheck: true },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ types: ["node"], typeRoots: [join(root, "node_modules/@types")] },
  };
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const { code, stdout } = await run(join(root, "node_modules/.bin/tsc"), ["-p", "."], folder);
  expect(stdout).toBe("");
  expect(code).toBe(0);
});

describe("blocks", () => {
  const page = ["```js", "a();", "```", "prints:", "```text", "1 …", "```", "## Next", "```text", "no", "```"].join(
    "\n",
  );

  it("are found with their lines, and an output belongs to the block before it", () => {
    const blocks = blocksOf(page);
    expect(blocks.map(({ language, line, newSection }) => [language, line, newSection])).toEqual([
      ["js", 2, true],
      ["text", 6, false],
      ["text", 10, true],
    ]);
    expect(examplesOf(blocks)).toEqual([{ block: blocks[0], output: "1 …\n" }]);
    expect(examplesOf(blocksOf("```js\nb();\n```\n# Next\n```text\n2\n```"))[0]?.output).toBeUndefined();
  });

  it("an output matches as a whole, but for what it leaves open", () => {
    expect("a 1 b\n").toMatch(outputPattern("a … b\n"));
    expect("a\nx\ny\nb\n").toMatch(outputPattern("a\n…\nb\n"));
    expect("a\nb\nc\n").not.toMatch(outputPattern("a\nb\n"));
    expect("a+b\n").not.toMatch(outputPattern("aab"));
  });
});

/** A library that an example uses beside ours is one that the package of the example has for its tests. */
async function link(folder: string, name: string): Promise<void> {
  const path = join(project, "node_modules", name);
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true });
  await symlink(join(root, "packages", folder, "node_modules", name), path);
}

/** The names of the packages in a folder of modules, without ours. */
function installedIn(modules: string): string[] {
  if (!existsSync(modules)) return [];
  return readdirSync(modules).flatMap((name) => {
    if (name.startsWith(".") || name === "@loops") return [];
    return name.startsWith("@") ? readdirSync(join(modules, name)).map((member) => `${name}/${member}`) : [name];
  });
}

function markdownIn(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder)).flatMap((name) => (name.endsWith(".md") ? [`${folder}/${name}`] : []));
}

/** The code where it stands in its page, so that an error names the line to look at. */
function atItsLine({ code, line }: Block): string {
  return "\n".repeat(line - 1) + code;
}

async function writeFiles(folder: string, blocks: readonly Block[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { title, code } of blocks) {
    if (title === "") continue;
    await mkdir(join(folder, dirname(title)), { recursive: true });
    await writeFile(join(folder, dirname(title), basename(title)), code);
  }
}

function slug(text: string): string {
  return text.replace(/[^A-Za-z0-9]+/g, "-");
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, timeout: timeoutMs, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}
