import { stat } from "node:fs/promises";
import { eventFromRecord } from "@loops/core";
import { LineSplitter, parseLine } from "@loops/core/ndjson";
import { type FileMark, headBytes } from "./file-mark.js";
import { readHead } from "./log-file.js";
import { type RotatedFile, rotatedFiles } from "./rotated-files.js";

/** A rotated file with what tells it from others. */
export interface Sibling extends RotatedFile {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
}

export interface Siblings {
  /** The oldest first. */
  readonly files: readonly Sibling[];
  /** The highest number is the newest, as of files rotated here. Otherwise 1 is, as with logrotate, and numbers shift. */
  readonly rising: boolean;
  /** Highest number there is, 0 without any. */
  readonly highest: number;
}

const looks = 5;

/** The rotated files of `path`, in the order in which they were written, whichever way they are numbered. */
export async function listSiblings(path: string): Promise<Siblings> {
  let found: readonly Sibling[] = [];
  for (let look = 1; look <= looks; look++) {
    const files = await rotatedFiles(path);
    const known = await Promise.all(files.map(withStat));
    found = known.filter((file) => file !== null);
    // One that is gone between the two calls may have been renamed or compressed: look again, or it would be missed.
    if (found.length === files.length) break;
  }
  const highest = found.at(-1)?.number ?? 0;
  const rising = !(await isNewestFirst(found));
  return { files: rising ? found : found.toReversed(), rising, highest };
}

async function withStat(file: RotatedFile): Promise<Sibling | null> {
  try {
    const { dev, ino, mtimeNs } = await stat(file.path, { bigint: true });
    return { ...file, dev, ino, mtimeNs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** By the time of the first event, which compressing keeps; by that of the last change where no event tells. */
async function isNewestFirst(byNumber: readonly Sibling[]): Promise<boolean> {
  const [first, last] = [byNumber[0], byNumber.at(-1)];
  if (first === undefined || last === undefined || first === last || first.number !== 1) return false;
  const [one, other] = await Promise.all([firstTime(first), firstTime(last)]);
  return one !== "" && other !== "" ? one > other : first.mtimeNs > last.mtimeNs && !first.gzip;
}

async function firstTime({ path, gzip }: Sibling): Promise<string> {
  const head = await readHead(path, gzip, 16 * headBytes);
  for (const { bytes } of new LineSplitter().push(head)) {
    const parsed = parseLine(bytes);
    if (parsed.kind === "record") return eventFromRecord(parsed.value).ts;
  }
  return "";
}

/** Which of `candidates` has the content that `mark` is of: by its inode, else by its first bytes. `-1` for none. */
export async function indexOfMark(candidates: readonly Sibling[], mark: FileMark): Promise<number> {
  const byInode = candidates.findIndex((file) => mark.isInode(file));
  if (byInode !== -1 || mark.head.length === 0) return byInode;
  for (const [index, { path, gzip }] of candidates.entries()) {
    if (gzip && mark.head.equals(await readHead(path, gzip, mark.head.length))) return index;
  }
  return -1;
}
