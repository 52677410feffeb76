import { readFile, stat } from "node:fs/promises";

/** Of the process's own descriptors, as in `--config <(command)`: whoever gave it has opened it. */
const isOpen = /^\/(dev\/fd|proc\/(self|\d+)\/fd)\//;

/**
 * The text of a file that the person names.
 *
 * @throws where there is none, and for a named pipe: reading one that nobody writes to would never end
 */
export async function readGivenFile(path: string): Promise<string> {
  if (!isOpen.test(path) && (await stat(path)).isFIFO()) throw new Error("it is a named pipe, and no file");
  return readFile(path, "utf8");
}
