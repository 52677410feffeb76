import { stat } from "node:fs/promises";
import { LineSplitter, parseLine } from "@loops/core/ndjson";
import { eventOf } from "./event-of.js";
import { type FileMark, headBytes } from "./file-mark.js";
import { readHead } from "./log-file.js";
import { type RotatedFile, rotatedFiles } from "./rotated-files.js";

export interface Siblings {
  /** The oldest first. */
  readonly files: readonly RotatedFile[];
  /** The highest number is the newest, as of files rotated here. Otherwise 1 is, as with logrotate, and numbers shift. */
  readonly rising: boolean;
  /** Something tells which way it is; if not, `rising` is only the usual. */
  readonly certain: boolean;
  /** Highest number there is, 0 without any. */
  readonly highest: number;
}

/** A rotated file with what tells it from others. */
export interface Sibling extends RotatedFile {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
}

/** Which way the files of a log are numbered, as far as a look at them has told: of one file alone nothing does. */
export interface KnownOrder {
  rising?: boolean;
}

/**
 * The rotated files of `path`, in the order in which they were written, whichever way they are numbered.
 *
 * @param known what earlier looks told, which counts where this one tells nothing; it learns from this one
 */
export async function listSiblings(path: string, known: KnownOrder = {}): Promise<Siblings> {
  const files = await rotatedFiles(path);
  const newestFirst = await isNewestFirst(files);
  if (newestFirst !== undefined) known.rising = !newestFirst;
  const { rising = true } = known;
  const highest = files.at(-1)?.number ?? 0;
  // Numbers that shift begin with 1, but for a moment: others have risen to where they are.
  const certain = known.rising !== undefined || (files[0]?.number ?? 0) > 2;
  return { files: rising ? files : files.toReversed(), rising, certain, highest };
}

/** `null` where it is gone: removed, or it has another name now. */
export async function identify(file: RotatedFile): Promise<Sibling | null> {
  try {
    const { dev, ino, mtimeNs } = await stat(file.path, { bigint: true });
    return { ...file, dev, ino, mtimeNs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The first of `candidates` with the content that `mark` is of: by its inode, else by its first bytes. */
export async function findMark(candidates: readonly RotatedFile[], mark: FileMark): Promise<RotatedFile | null> {
  for (const candidate of candidates) {
    if (mark.isInode((await identify(candidate)) ?? undefined)) return candidate;
  }
  if (mark.head.length === 0) return null;
  for (const candidate of candidates) {
    const { path, gzip } = candidate;
    if (gzip && mark.head.equals(await readHead(path, true, mark.head.length))) return candidate;
  }
  return null;
}

/** By the time of the first event, which compressing keeps; by that of the last change where no event tells. */
async function isNewestFirst(byNumber: readonly RotatedFile[]): Promise<boolean | undefined> {
  const [first, last] = [byNumber[0], byNumber.at(-1)];
  // Of files that shift, 1 or at most a few are missing for a moment; where many are, old ones were removed.
  if (first === undefined || last === undefined || first === last || first.number > 2) return undefined;
  const [one, other] = await Promise.all([firstTime(first), firstTime(last)]);
  if (one !== "" && other !== "") return one === other ? undefined : one > other;
  if (first.number !== 1) return undefined;
  const [young, old] = await Promise.all([identify(first), identify(last)]);
  return young !== null && old !== null && young.mtimeNs > old.mtimeNs && !young.gzip ? true : undefined;
}

/** When the first event of a file was; empty where none tells. */
export async function firstTime({ path, gzip }: RotatedFile): Promise<string> {
  return timeIn(await readHead(path, gzip, 16 * headBytes));
}

/** {@link firstTime} of a file that begins with `head`. */
export function timeIn(head: Buffer): string {
  for (const { bytes } of new LineSplitter().push(head)) {
    const parsed = parseLine(bytes);
    if (parsed.kind === "record") return eventOf(parsed.value).ts;
  }
  return "";
}
