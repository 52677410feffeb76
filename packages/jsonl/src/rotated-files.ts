import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A file that rotation has put aside. It keeps its name, but for the `.gz` that compressing adds. */
export interface RotatedFile {
  readonly path: string;
  /** From 1, rising for ever: the highest is the newest. */
  readonly number: number;
  readonly gzip: boolean;
}

/**
 * The rotated files of `path`, the oldest first: `events.jsonl.<n>`, or `events.jsonl.<n>.gz` once compressed. None
 * where the directory does not exist. Where there are both, the plain one counts: compressing it was not finished.
 *
 * A plain file can be compressed between this look and its opening: then it is gone (`ENOENT`), and a second look has
 * it with `.gz`.
 *
 * @throws what the file system reports, except that the directory does not exist
 */
export async function rotatedFiles(path: string): Promise<readonly RotatedFile[]> {
  return rotatedFilesAmong(path, await readdir(dirname(path)).catch(noneIfMissing));
}

/** The path of the rotated file with that number, before it is compressed. */
export function rotatedPath(path: string, number: number): string {
  return `${path}.${number}`;
}

/** {@link rotatedFiles}, where the names in the directory are known. */
export function rotatedFilesAmong(path: string, names: readonly string[]): readonly RotatedFile[] {
  const byNumber = new Map<number, RotatedFile>();
  for (const name of names) {
    const file = rotatedFile(path, name);
    if (file !== null && (!file.gzip || !byNumber.has(file.number))) byNumber.set(file.number, file);
  }
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}

/** `null` for a name that is none of a rotated file: another number format, a temporary file, another log. */
function rotatedFile(path: string, name: string): RotatedFile | null {
  const prefix = `${basename(path)}.`;
  if (!name.startsWith(prefix)) return null;
  const match = /^([1-9]\d*)(\.gz)?$/.exec(name.slice(prefix.length));
  const number = Number(match?.[1]);
  if (match === null || !Number.isSafeInteger(number)) return null;
  return { path: join(dirname(path), name), number, gzip: match[2] !== undefined };
}

function noneIfMissing(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
  throw error;
}
