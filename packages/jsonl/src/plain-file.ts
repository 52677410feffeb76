import { type BigIntStats, close, closeSync, constants, fstat, open, read } from "node:fs";
import { promisify } from "node:util";
import { FileMark, headBytes } from "./file-mark.js";
import type { LogFile } from "./log-file.js";
import { noRegularFile } from "./read-path.js";

const openFile = promisify(open);
const fstatOf = promisify(fstat) as (fd: number, options: { bigint: true }) => Promise<BigIntStats>;

/** A file that may still grow, be renamed, or be emptied and written anew while it is read. */
export class PlainFile implements LogFile {
  readonly path: string;
  readonly gzip = false;
  #fd: number | null;
  #mark: FileMark;
  #offset = 0;
  /** When it was last seen to be as it was read. */
  #verifiedNs = -1n;

  private constructor(path: string, fd: number, mark: FileMark) {
    this.path = path;
    this.#fd = fd;
    this.#mark = mark;
  }

  /** @throws what the file system reports; LoopsError `LOOPS_CONFIG` where `path` leads to no file but a pipe, say */
  static async open(path: string): Promise<PlainFile> {
    // Without waiting: a pipe that nobody writes to would never open.
    const fd = await openFile(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = await fstatOf(fd, { bigint: true });
      if (!stat.isFile()) throw noRegularFile(path);
      return new PlainFile(path, fd, new FileMark(stat, await readExactly(fd, headBytes, 0)));
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  get mark(): FileMark {
    return this.#mark;
  }

  seek(offset: number): void {
    this.#offset = offset;
  }

  /** Begins again, after the file was emptied. */
  restart(): void {
    this.#mark = new FileMark(this.#mark);
    this.#offset = 0;
    this.#verifiedNs = -1n;
  }

  stat(): Promise<BigIntStats> {
    return fstatOf(this.#open(), { bigint: true });
  }

  async read(buffer: Buffer): Promise<Buffer | "end" | "truncated"> {
    const bytes = await readAt(this.#open(), buffer, this.#offset);
    if (bytes === 0) return (await this.#shrunk()) ? "truncated" : "end";
    // After reading: what was read belongs to the file whose head is still there now.
    if (!(await this.#sameHead())) return "truncated";
    const chunk = buffer.subarray(0, bytes);
    this.#mark.learn(chunk, this.#offset);
    this.#offset += bytes;
    return chunk;
  }

  /** Where the last line that has no end yet begins; the end of the file if there is none. */
  async lastLine(buffer: Buffer): Promise<number> {
    const size = Number((await this.stat()).size);
    for (let to = size; to > 0; ) {
      const from = Math.max(0, to - buffer.length);
      const bytes = await readAt(this.#open(), buffer.subarray(0, to - from), from);
      const newline = buffer.subarray(0, bytes).lastIndexOf(0x0a);
      if (newline !== -1) return from + newline + 1;
      to = from;
    }
    return 0;
  }

  close(): void {
    if (this.#fd === null) return;
    closeSync(this.#fd);
    this.#fd = null;
  }

  #open(): number {
    if (this.#fd === null) throw new Error(`${this.path} was closed`);
    return this.#fd;
  }

  async #shrunk(): Promise<boolean> {
    const { size, mtimeNs } = await this.stat();
    if (size < BigInt(this.#offset)) return true;
    if (mtimeNs === this.#verifiedNs) return false;
    const same = await this.#sameHead();
    this.#verifiedNs = mtimeNs;
    return !same;
  }

  async #sameHead(): Promise<boolean> {
    const { head } = this.#mark;
    return head.length === 0 || head.equals(await readExactly(this.#open(), head.length, 0));
  }
}

const readAt = (fd: number, buffer: Buffer, position: number): Promise<number> =>
  new Promise((resolve, reject) => {
    read(fd, buffer, 0, buffer.length, position, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });

/** Fewer bytes at the end of the file only. */
async function readExactly(fd: number, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const bytes = await readAt(fd, buffer.subarray(filled), position + filled);
    if (bytes === 0) break;
    filled += bytes;
  }
  return buffer.subarray(0, filled);
}
