import nodeFs, { type BigIntStats } from "node:fs";
import { dirname } from "node:path";
import { runSync, type Steps, step } from "./steps.js";

type Result<T> = T | Promise<T>;

/** What making directories asks of a file system. */
export interface DirectoryCalls {
  /** Of one directory, in one that exists. */
  mkdir(path: string): Result<void>;
  /** `undefined` where there is nothing. */
  stat(path: string): Result<Pick<BigIntStats, "isDirectory"> | undefined>;
}

/**
 * Makes a directory with its parents; returns those that were made, the outermost first. One by one: `mkdir` with
 * `recursive` never ends where a parent exists but takes no children, as in `/proc`.
 */
export function makeDirectories(path: string): Steps<readonly string[], DirectoryCalls> {
  return make(path, false);
}

function* make(path: string, again: boolean): Steps<readonly string[], DirectoryCalls> {
  try {
    yield* step((calls: DirectoryCalls) => calls.mkdir(path));
    return [path];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(path);
    if (code === "ENOENT" && parent !== path && !again) {
      // A parent that is there by now was made by somebody else meanwhile: then it is only tried again, once.
      const made = (yield* isMissing(parent)) ? yield* make(parent, false) : [];
      return [...made, ...(yield* make(path, true))];
    }
    if (code !== "EEXIST" || !(yield* isDirectory(path))) throw error;
    return [];
  }
}

/** The same at once. @param fs replaces parts of `node:fs`, to inject faults */
export function makeDirectoriesSync(
  path: string,
  fs: Pick<typeof nodeFs, "mkdirSync" | "statSync"> = nodeFs,
): readonly string[] {
  return runSync(makeDirectories(path), {
    mkdir: (directory: string) => void fs.mkdirSync(directory),
    stat: (directory: string) => fs.statSync(directory, { bigint: true, throwIfNoEntry: false }),
  });
}

function* isMissing(path: string): Steps<boolean, DirectoryCalls> {
  return (yield* step((calls: DirectoryCalls) => calls.stat(path))) === undefined;
}

function* isDirectory(path: string): Steps<boolean, DirectoryCalls> {
  return (yield* step((calls: DirectoryCalls) => calls.stat(path)))?.isDirectory() === true;
}
