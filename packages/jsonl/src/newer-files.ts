import { type LogFile, openIfThere } from "./log-file.js";
import { indexOfMark, listSiblings, type Sibling, type Siblings } from "./siblings.js";

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
export async function openNext(path: string, place: Place): Promise<NextFile | null> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    // First: what is between that file and `place` was then rotated before the look at the rotated files.
    const current = await openIfThere(path);
    let next: NextFile | null | "again" = null;
    try {
      next = await choose(place, current, await listSiblings(path), attempt);
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
  attempt: number,
): Promise<NextFile | null | "again"> {
  const { files, missedFiles } = await newerThan(place, siblings);
  const first = files[0];
  if (first === undefined) {
    if (current === null || place.file?.mark.isInode(current.mark)) return null;
    return { file: current, number: null, after: siblings.highest, strict: true, missedFiles: 0 };
  }
  // A listing while files are renamed can lack one.
  if (missedFiles > 0 && attempt === 1) return "again";
  const found = { number: first.number, after: first.number - 1, strict: true, missedFiles };
  if (current?.mark.isInode(first)) return { ...found, file: current };
  const file = await openIfThere(first.path, first.gzip);
  if (file === null) return "again";
  if (file.mark.isInode(first)) return { ...found, file };
  file.close();
  return "again";
}

/** The rotated files newer than `place`, the oldest first. */
async function newerThan(
  { file, number, after, strict }: Place,
  { files, rising }: Siblings,
): Promise<{ readonly files: readonly Sibling[]; readonly missedFiles: number }> {
  if (!rising) return { files: await newerByContent(file, after, files), missedFiles: 0 };
  const known = number ?? (file === null ? null : await numberOf(file, after, files));
  const newer = files.filter((sibling) => sibling.number > (known ?? after));
  // A file that had the name when it was opened, and is now gone, may have had the next number.
  const expected = known !== null ? known + 1 : after + (file === null ? 1 : 2);
  const missedFiles = strict && newer[0] !== undefined ? Math.max(0, newer[0].number - expected) : 0;
  return { files: newer, missedFiles };
}

async function numberOf(file: LogFile, after: number, files: readonly Sibling[]): Promise<number | null> {
  const candidates = files.filter((sibling) => !sibling.gzip || sibling.number > after);
  return candidates[await indexOfMark(candidates, file.mark)]?.number ?? null;
}

/** Where numbers shift they tell nothing: the place is where the file is, or by the time of its last change. */
async function newerByContent(file: LogFile | null, after: number, files: readonly Sibling[]) {
  if (file === null) return after === 0 ? files : [];
  const index = await indexOfMark(files, file.mark);
  if (index !== -1) return files.slice(index + 1);
  const { mtimeNs } = await file.stat();
  return files.filter((sibling) => sibling.mtimeNs > mtimeNs);
}
