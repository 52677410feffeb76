import { hashOf } from "./file-mark.js";
import { type LogFile, openIfThere, readHead } from "./log-file.js";
import type { Place } from "./newer-files.js";
import { positionIn, type ReadPosition } from "./read-position.js";
import { identify, listSiblings, type Sibling } from "./siblings.js";

/** Whoever gets it closes the file. */
export interface FoundPlace extends Place {
  readonly file: LogFile;
}

// Between two looks a file may be renamed or compressed.
const looks = 3;

/**
 * Opens the file that `position` is in, there, whatever it is called now: by its inode, and where it is compressed or
 * was copied by its first bytes. `null` where it is gone.
 */
export async function openPosition(path: string, position: ReadPosition): Promise<FoundPlace | null> {
  for (let look = 1; look <= looks; look++) {
    const current = await openIfThere(path);
    const siblings = await identified(path).catch(closing(current));
    const place = await search(position, current, siblings);
    if (place !== null) return place;
  }
  return null;
}

/** Opens the copy that was made of `file` before it was emptied, where reading it had come to. `null` without one. */
export async function openCopy(path: string, file: LogFile, offset: number): Promise<FoundPlace | null> {
  const { head } = file.mark;
  if (head.length === 0) return null;
  const position = { ...positionIn(file.mark, offset, 0), headLength: head.length, headHash: hashOf(head) };
  const others = (await identified(path)).filter((sibling) => !file.mark.isInode(sibling));
  return search(position, null, others);
}

async function identified(path: string): Promise<readonly Sibling[]> {
  const { files } = await listSiblings(path);
  return (await Promise.all(files.map(identify))).filter((file) => file !== null);
}

async function search(
  position: ReadPosition,
  current: LogFile | null,
  siblings: readonly Sibling[],
): Promise<FoundPlace | null> {
  const highest = Math.max(0, ...siblings.map(({ number }) => number));
  const newestFirst = siblings.toReversed();
  let found: FoundPlace | null = null;
  try {
    if (current !== null && (await isAt(current, position))) {
      const number = siblings.find((sibling) => current.mark.isInode(sibling))?.number ?? null;
      found = { file: current, number, after: number === null ? highest : number - 1, strict: true };
    }
  } finally {
    if (found === null) current?.close();
  }
  // By inode first: of files that begin with the same bytes it is the right one.
  const sameInode = newestFirst.filter(({ ino }) => ino === position.ino);
  const others = position.headLength === 0 ? [] : newestFirst.filter(({ ino }) => ino !== position.ino);
  for (const { path, gzip, number } of [...sameInode, ...others]) {
    if (found !== null) break;
    const file = await openIfThere(path, gzip);
    if (file === null) continue;
    if (await isAt(file, position).catch(closing(file))) found = { file, number, after: number - 1, strict: true };
    else file.close();
  }
  found?.file.seek(position.offset);
  return found;
}

async function isAt(file: LogFile, { ino, headLength, headHash, offset }: ReadPosition): Promise<boolean> {
  if (headLength === 0) return file.mark.ino === ino;
  const head = file.gzip ? await readHead(file.path, true, headLength) : file.mark.head;
  if (head.length < headLength || hashOf(head.subarray(0, headLength)) !== headHash) return false;
  return file.gzip || (await file.stat()).size >= BigInt(offset);
}

const closing = (file: LogFile | null) => (error: unknown) => {
  file?.close();
  throw error;
};
