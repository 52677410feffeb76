import { type FileMark, hashOf, headBytes } from "./file-mark.js";
import { readHead } from "./log-file.js";
import type { RotatedFile } from "./rotated-files.js";
import { identify } from "./siblings.js";

interface ReadFile {
  readonly dev: bigint;
  readonly ino: bigint;
  /** So many of the first bytes are in `hash`. */
  readonly length: number;
  readonly hash: string;
}

const mostFiles = 10_000;

/** Files that were read to their end and left, so that none of them is taken for a newer one, whatever its name is. */
export class ReadFiles {
  readonly #files: ReadFile[] = [];

  add({ dev, ino, head }: FileMark): void {
    if (head.length === 0) return;
    this.#files.push({ dev, ino, length: head.length, hash: hashOf(head) });
    if (this.#files.length > mostFiles) this.#files.shift();
  }

  /** By inode and first bytes: an inode is given again. Of a compressed file the bytes have to do. */
  async has(candidate: RotatedFile): Promise<boolean> {
    const sibling = await identify(candidate);
    if (sibling === null) return false;
    const alike = this.#files.filter(({ dev, ino }) => candidate.gzip || (ino === sibling.ino && dev === sibling.dev));
    if (alike.length === 0) return false;
    const head = await readHead(candidate.path, candidate.gzip, headBytes);
    const hashes = new Map<number, string>();
    for (const { length, hash } of alike) {
      if (length > head.length) continue;
      const known = hashes.get(length) ?? hashOf(head.subarray(0, length));
      hashes.set(length, known);
      if (known === hash) return true;
    }
    return false;
  }
}
