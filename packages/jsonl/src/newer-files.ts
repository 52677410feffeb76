import { type LogFile, openIfThere } from "./log-file.js";
import type { ReadFiles } from "./read-files.js";
import type { RotatedFile } from "./rotated-files.js";
import {
  findMark,
  firstTime,
  identify,
  type KnownOrder,
  listSiblings,
  type Sibling,
  type Siblings,
  timeIn,
} from "./siblings.js";

/** How far reading has come in the order of files. */
export interface Place {
  /** What was read last, still open so that its inode is not given to another; `null` before the first. */
  readonly file: LogFile | null;
  /** The number it was opened under, if it was rotated then. */
  readonly number: number | null;
  /** Files up to this number are older. */
  readonly after: number;
  /** Files whose numbers are missing behind this place are lost; if not, reading begins with whatever is there. */
  readonly strict: boolean;
}

/** What reading has learnt of the files of a log so far. */
export interface KnownFiles {
  readonly order: KnownOrder;
  readonly read: ReadFiles;
}

/** Whoever gets it closes the file. */
export interface NextFile extends Place {
  readonly file: LogFile;
  /** So many files before it are gone unread. */
  readonly missedFiles: number;
}

const attempts = 5;

/**
 * The file to be read after `place`: the oldest of those rotated since, else the one that `path` leads to. `null`
 * where there is none, and while names change faster than they can be looked at.
 */
export async function openNext(path: string, place: Place, known: KnownFiles): Promise<NextFile | null> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    // First: what is between that file and `place` was then rotated before the look at the rotated files.
    const current = await openIfThere(path);
    let next: NextFile | null | "again" = null;
    try {
      next = await choose(place, current, await listSiblings(path, known.order), known.read, attempt);
    } finally {
      if (next === null || next === "again" || next.file !== current) current?.close();
    }
    if (next !== "again") return next;
  }
  return null;
}

async function choose(
  place: Place,
  current: LogFile | null,
  siblings: Siblings,
  read: ReadFiles,
  attempt: number,
): Promise<NextFile | null | "again"> {
  const newer = siblings.rising
    ? await newerByNumber(place, siblings, read)
    : await newerByContent(place, siblings.files, read);
  if (newer === "again") return newer;
  const { first, missedFiles } = newer;
  if (first === undefined) {
    if (current === null || place.file?.mark.isInode(current.mark)) return null;
    return { file: current, number: null, after: siblings.highest, strict: true, missedFiles };
  }
  // A listing while files are renamed can lack one.
  if (missedFiles > 0 && attempt === 1) return "again";
  const sibling = await identify(first);
  if (sibling === null) return "again";
  const found = { number: first.number, after: first.number - 1, strict: true, missedFiles };
  if (current?.mark.isInode(sibling)) return { ...found, file: current };
  const file = await openIfThere(first.path, first.gzip);
  if (file?.mark.isInode(sibling)) return { ...found, file };
  file?.close();
  return "again";
}

/** The oldest file that is newer than a place, and how many are missing between the two. */
interface Newer {
  readonly first: RotatedFile | undefined;
  readonly missedFiles: number;
}

async function newerByNumber(place: Place, { files, certain }: Siblings, read: ReadFiles): Promise<Newer> {
  const { file, number, after, strict } = place;
  const known = number ?? (file === null ? null : await numberOf(file, after, files));
  const passed: RotatedFile[] = [];
  let first: RotatedFile | undefined;
  let missedFiles = 0;
  for (const sibling of files.filter((one) => one.number > (known ?? after))) {
    // Where nothing tells which way files are numbered, this may be one from before. It may be not: that is a gap.
    const older = !certain && file !== null && (await isOlder(sibling, file));
    if (older || (await read.has(sibling))) {
      passed.push(sibling);
      if (older && !(await read.has(sibling))) missedFiles++;
      continue;
    }
    first = sibling;
    break;
  }
  // A file that had the name when it was opened, and is now gone, may have had the next number.
  const expected = known !== null ? known + 1 : after + (file === null ? 1 : 2);
  if (strict && first !== undefined) {
    const there = passed.filter((one) => one.number >= expected).length;
    missedFiles += Math.max(0, first.number - expected - there);
  }
  return { first, missedFiles };
}

/** By the time of the first event, where both have one, or that of the last change. */
async function isOlder(sibling: RotatedFile, file: LogFile): Promise<boolean> {
  const [its, own] = [await firstTime(sibling), timeIn(file.mark.head)];
  if (its !== "" && own !== "" && its !== own) return its < own;
  const identified = await identify(sibling);
  return identified !== null && !sibling.gzip && identified.mtimeNs < (await file.stat()).mtimeNs;
}

async function numberOf(file: LogFile, after: number, files: readonly RotatedFile[]): Promise<number | null> {
  const later = files.filter((sibling) => sibling.number > after);
  // Numbers begin anew where somebody removed all that were there.
  const earlier = files.filter((sibling) => sibling.number <= after && !sibling.gzip);
  return ((await findMark(later, file.mark)) ?? (await findMark(earlier, file.mark)))?.number ?? null;
}

/** Where numbers shift they tell nothing: the place is where the file is, or by the time of its last change. */
async function newerByContent(
  { file, after }: Place,
  files: readonly RotatedFile[],
  read: ReadFiles,
): Promise<Newer | "again"> {
  if (file === null) return { first: after === 0 ? files[0] : undefined, missedFiles: 0 };
  const identified = await Promise.all(files.map(identify));
  // Half way through the shift.
  if (identified.includes(null)) return "again";
  const siblings = identified as readonly Sibling[];
  const found = await findMark(siblings, file.mark);
  if (found !== null) {
    const index = siblings.findIndex(({ path }) => path === found.path);
    return { first: siblings[index + 1], missedFiles: 0 };
  }
  const { mtimeNs } = await file.stat();
  for (const sibling of siblings) {
    if (sibling.mtimeNs > mtimeNs && !(await read.has(sibling))) return { first: sibling, missedFiles: 0 };
  }
  return { first: undefined, missedFiles: 0 };
}
