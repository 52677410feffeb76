import { type BigIntStats, close, createReadStream, fstat, open, type ReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { promisify } from "node:util";
import { createGunzip, type Gunzip } from "node:zlib";
import { FileMark } from "./file-mark.js";
import type { LogFile } from "./log-file.js";

const openFile = promisify(open);
const fstatOf = promisify(fstat) as (fd: number, options: { bigint: true }) => Promise<BigIntStats>;

/** A compressed file: complete, and read as what it was before. Offsets are those of the plain bytes. */
export class GzipFile implements LogFile {
  readonly path: string;
  readonly gzip = true;
  readonly mark: FileMark;
  readonly #stat: BigIntStats;
  readonly #input: ReadStream;
  readonly #gunzip: Gunzip;
  readonly #chunks: AsyncIterator<Buffer>;
  #offset = 0;
  #start = 0;

  private constructor(path: string, fd: number, stat: BigIntStats) {
    this.path = path;
    this.#stat = stat;
    this.mark = new FileMark(stat);
    this.#input = createReadStream(path, { fd });
    this.#gunzip = createGunzip({ chunkSize: 64 * 1024 });
    // What fails is told to whoever reads.
    pipeline(this.#input, this.#gunzip, () => undefined);
    this.#chunks = this.#gunzip[Symbol.asyncIterator]();
  }

  /** @throws what the file system reports */
  static async open(path: string): Promise<GzipFile> {
    const fd = await openFile(path, "r");
    try {
      return new GzipFile(path, fd, await fstatOf(fd, { bigint: true }));
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** Before the first `read` only. */
  seek(offset: number): void {
    this.#start = offset;
  }

  async stat(): Promise<BigIntStats> {
    return this.#stat;
  }

  /** @throws what the file system or decompressing reports */
  async read(): Promise<Buffer | "end"> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return "end";
      this.mark.learn(value, this.#offset);
      const skipped = Math.max(0, this.#start - this.#offset);
      this.#offset += value.length;
      if (skipped < value.length) return value.subarray(skipped);
    }
  }

  close(): void {
    this.#gunzip.destroy();
    this.#input.destroy();
  }
}
