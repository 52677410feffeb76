import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, posix, relative } from "node:path";
import { root } from "./command.mjs";

/**
 * What an installed package lacks, and what it has that it should not have.
 * @param {string} name
 * @param {string} dir where it is installed
 */
export function* strayContents(name, dir) {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
  for (const required of ["package.json", "README.md", "LICENSE"]) {
    if (!files.includes(required)) yield `${name}: ${required} is missing`;
  }
  const data = files.includes("package.json") ? exportedData(join(dir, "package.json")) : [];
  for (const file of files) {
    if (!file.startsWith("dist/") && !["package.json", "README.md", "LICENSE", ...data].includes(file)) {
      yield `${name}: ${file} does not belong into the package`;
    }
    const text = readFileSync(join(dir, file), "utf8");
    for (const place of [root, homedir()].filter((path) => path.length > 1)) {
      if (text.includes(`${place}/`)) yield `${name}: ${file} names a directory of this machine, ${place}`;
    }
    if (file === "package.json" && /"(workspace|catalog|link|file):/.test(text)) {
      yield `${name}: package.json has a dependency that only this workspace can resolve`;
    }
    for (const source of file.endsWith(".map") ? straySources(file, JSON.parse(text)) : []) {
      yield `${name}: ${file} points out of the package, to ${source}`;
    }
  }
}

/** Files of data that a package exports beside its code, such as a JSON Schema. @param {string} manifest its path */
function exportedData(manifest) {
  const { exports = {} } = JSON.parse(readFileSync(manifest, "utf8"));
  return Object.values(exports)
    .filter((target) => typeof target === "string" && target.endsWith(".json"))
    .map((target) => posix.normalize(target));
}

/**
 * A source map may name nothing above the package: such a path exists only where it was built.
 * @param {string} file from the root of the package
 * @param {{ sources: readonly string[], sourceRoot?: string }} map
 */
export function straySources(file, map) {
  return map.sources.filter((source) => {
    const path = posix.join(posix.dirname(file), map.sourceRoot ?? "", source);
    return posix.isAbsolute(source) || /^[a-z]+:/i.test(source) || path.startsWith("..");
  });
}
