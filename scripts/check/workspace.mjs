import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./command.mjs";

/**
 * @typedef {object} PublicPackage
 * @property {string} name as npm knows it
 * @property {string} dir absolute
 * @property {readonly string[]} entryPoints what a consumer may import: `@loops/core`, `@loops/core/ndjson`
 */

/** Every package that is published. @returns {PublicPackage[]} */
export function publicPackages() {
  return readdirSync(join(root, "packages"))
    .map((folder) => join(root, "packages", folder))
    .filter((dir) => existsSync(join(dir, "package.json")))
    .map((dir) => ({ dir, manifest: JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ dir, manifest }) => ({
      name: manifest.name,
      dir,
      entryPoints: Object.keys(manifest.exports)
        .filter((key) => !key.endsWith(".json"))
        .map((key) => manifest.name + key.slice(1)),
    }));
}
