import { createHash } from "node:crypto";

/** So many of the first bytes tell a file from others: events carry an id. */
export const headBytes = 1024;

/**
 * What a file is, whatever it is called: its inode, which renaming keeps, and its first bytes, which compressing and
 * copying keep.
 */
export class FileMark {
  readonly dev: bigint;
  readonly ino: bigint;
  #head: Buffer;
  #hashed = { length: -1, hash: "" };

  constructor({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }, head: Buffer = Buffer.alloc(0)) {
    this.dev = dev;
    this.ino = ino;
    this.#head = head;
  }

  /** The first bytes, as far as they are known. */
  get head(): Buffer {
    return this.#head;
  }

  /** Learns more of the first bytes from a piece of the file. */
  learn(piece: Buffer, offset: number): void {
    const known = this.#head.length;
    if (known >= headBytes || offset > known) return;
    this.#head = Buffer.concat([this.#head, piece.subarray(known - offset, headBytes - offset)]);
  }

  isInode(other: { readonly dev: bigint; readonly ino: bigint } | undefined): boolean {
    return other !== undefined && other.ino === this.ino && other.dev === this.dev;
  }

  /** Of the first `length` bytes. */
  hash(length: number): string {
    if (this.#hashed.length !== length) this.#hashed = { length, hash: hashOf(this.#head.subarray(0, length)) };
    return this.#hashed.hash;
  }
}

export function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64url").slice(0, 16);
}
