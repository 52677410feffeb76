import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * The file that `path` leads to where it is a symbolic link, whether that file is there or not. Renaming the link
 * instead would leave the file where it is, under the hands of whoever else knows it.
 */
export function linkTarget(path: string): string {
  let target = path;
  // As many as systems follow; a link that leads to itself is reported by the first write.
  for (let links = 0; links < 40; links++) {
    try {
      if (!lstatSync(target).isSymbolicLink()) return target;
      // What the link says is relative to the directory it lies in, which may be reached through links itself.
      target = resolve(realpathSync(dirname(target)), readlinkSync(target));
    } catch {
      return target;
    }
  }
  return path;
}
