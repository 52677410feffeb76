import { mkdirSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.js";

/** File systems that are memory, by the number that Linux gives them: tmpfs and ramfs. */
const inMemory = new Set([0x01021994, 0x858458f6]);

/** A folder of its own on a disk, as far as the system tells: with the other temporary ones, else beside the packages. */
export function diskFolder(): TemporaryFolder {
  if (!inMemory.has(statfsSync(tmpdir()).type)) return temporaryFolder();
  const cache = fileURLToPath(new URL("../node_modules/.cache", import.meta.url));
  mkdirSync(cache, { recursive: true });
  return temporaryFolder(cache);
}

const names = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x794c7630, "overlay"],
]);

/** Which kind of file system a folder is on. */
export function fileSystemOf({ path }: TemporaryFolder): string {
  const { type } = statfsSync(path);
  return `in ${path.slice(0, path.lastIndexOf("/"))}, ${names.get(type) ?? `a file system of type 0x${type.toString(16)}`}`;
}
