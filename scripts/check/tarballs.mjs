import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Finding, root, run } from "./command.mjs";
import { strayContents } from "./contents.mjs";
import { publicPackages } from "./workspace.mjs";

/**
 * What npm would publish, and what somebody who installs it meets: the packed tarballs, and an empty project outside
 * of the workspace into which npm installs them.
 */
export function createTarballs() {
  const packages = publicPackages();
  const folder = mkdtempSync(join(tmpdir(), "loops-check-"));
  const packDir = join(folder, "tarballs");
  const project = join(folder, "project");
  mkdirSync(packDir);
  mkdirSync(project);
  /** @returns {string[]} */
  const tarballs = () => readdirSync(packDir).map((file) => join(packDir, file));
  /** @param {(tarball: string) => Promise<unknown>} check */
  const each = async (check) => {
    for (const tarball of tarballs()) await check(tarball);
  };

  return {
    async pack() {
      for (const { dir } of packages) await run("pnpm", ["pack", "--pack-destination", packDir], { cwd: dir });
      return `${tarballs().length} packages`;
    },

    publint: () => each((tarball) => run("publint", ["run", "--strict", tarball])),

    areTheTypesWrong: () =>
      each((tarball) => run("attw", ["--profile", "esm-only", "--no-emoji", "--no-color", tarball])),

    async install() {
      writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
      await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs()], { cwd: project });
    },

    async contents() {
      const problems = packages.flatMap(({ name }) => [...strayContents(name, join(project, "node_modules", name))]);
      if (problems.length > 0) throw new Finding(problems.join("\n"));
    },

    /** Each entry point loads with `import` and with `require`, and loading leaves nothing behind that keeps a process alive. */
    async importAll() {
      const entryPoints = packages.flatMap((found) => found.entryPoints);
      const lines = [
        'import { createRequire } from "node:module";',
        "const require = createRequire(import.meta.url);",
        ...entryPoints.map((entry) => `await import("${entry}");\nrequire("${entry}");`),
      ];
      writeFileSync(join(project, "import.mjs"), lines.join("\n"));
      await run("node", ["--no-warnings", "import.mjs"], { cwd: project, timeoutMs: 30_000 });
      return `${entryPoints.length} entry points`;
    },

    /** A strict consumer compiles against the declarations alone, without `skipLibCheck`, and runs. */
    async consume() {
      const names = packages.flatMap((found) => found.entryPoints);
      const everything = names.map((name, index) => `import * as entry${index} from "${name}";\nvoid entry${index};`);
      writeFileSync(join(project, "everything.ts"), everything.join("\n"));
      cpSync(join(root, "scripts/check/consumer.ts"), join(project, "consumer.ts"));
      const compilerOptions = {
        target: "es2023",
        module: "nodenext",
        strict: true,
        exactOptionalPropertyTypes: true,
        outDir: "out",
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
      };
      writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
      await run("tsc", ["-p", "tsconfig.json"], { cwd: project });
      await run("node", ["out/consumer.js"], { cwd: project, timeoutMs: 30_000 });
    },

    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
