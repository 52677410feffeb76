import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { badInput } from "./bad-input.js";

/**
 * The file of a loop: a path as it is, else `<dir>/<name>.fsm.yaml`, `<dir>/<name>.yaml`, `<dir>/<name>.yml`.
 *
 * @throws LoopsError `LOOPS_USAGE` that names every place that was looked at
 */
export function findLoopFile(nameOrPath: string, dir: string): string {
  const places = [nameOrPath, ...["fsm.yaml", "yaml", "yml"].map((ending) => join(dir, `${nameOrPath}.${ending}`))];
  const found = places.find((place) => existsSync(place) && statSync(place).isFile());
  if (found !== undefined) return resolve(found);
  if (existsSync(nameOrPath) && !statSync(nameOrPath).isDirectory()) {
    throw badInput(`${nameOrPath} is no regular file. A loop is read again from its path: save it in a file.`);
  }
  throw badInput(`There is no loop "${nameOrPath}": no file ${places.join(", ")}. Give the path of a loop file.`);
}
