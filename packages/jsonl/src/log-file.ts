import type { BigIntStats } from "node:fs";
import type { FileMark } from "./file-mark.js";
import { GzipFile } from "./gzip-file.js";
import { PlainFile } from "./plain-file.js";

/** A file of a log, open for reading in chunks. Whoever opens it closes it. */
export interface LogFile {
  /** As it was when the file was opened. */
  readonly path: string;
  readonly gzip: boolean;
  /** What the file is. Another object once it has been emptied and is read from its start again. */
  readonly mark: FileMark;
  /**
   * The next bytes, in `buffer` or not, valid until the next call. `end`: there are no more now. `truncated`: the file
   * is no longer what was read of it.
   */
  read(buffer: Buffer): Promise<Buffer | "end" | "truncated">;
  /** Of a compressed file as it was when it was opened. */
  stat(): Promise<BigIntStats>;
  /** The next `read` begins there. */
  seek(offset: number): void;
  /** Not while another call is in progress. Idempotent. */
  close(): void;
}

/** @throws what the file system reports */
export function openLogFile(path: string, gzip: boolean): Promise<PlainFile | GzipFile> {
  return gzip ? GzipFile.open(path) : PlainFile.open(path);
}

/** `null` where there is no such file. */
export async function openIfThere(path: string): Promise<PlainFile | null>;
export async function openIfThere(path: string, gzip: boolean): Promise<PlainFile | GzipFile | null>;
export async function openIfThere(path: string, gzip = false): Promise<PlainFile | GzipFile | null> {
  try {
    return await openLogFile(path, gzip);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The first bytes of a file, decompressed where it is compressed; empty where that is not possible. */
export async function readHead(path: string, gzip: boolean, length: number): Promise<Buffer> {
  const file = await openIfThere(path, gzip);
  if (file === null) return Buffer.alloc(0);
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  try {
    while (filled < length) {
      const chunk = await file.read(Buffer.allocUnsafe(length - filled));
      if (typeof chunk === "string") break;
      filled += chunk.copy(buffer, filled);
    }
  } catch (error) {
    // A damaged file is like no other. It is reported when its turn to be read comes.
    if (!gzip) throw error;
  } finally {
    file.close();
  }
  return buffer.subarray(0, filled);
}
