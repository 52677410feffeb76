import { dirname, resolve } from "node:path";
import { makeDirectoriesSync, writeAllSync } from "@loops/core/ndjson";
import type { StoreContext } from "./store-context.js";

type WriteContext = Pick<StoreContext, "fs" | "durable">;

/**
 * Puts `data` at `path` so that a reader sees the old content or the new one, never a part: written to `temporary` in
 * the same directory, then renamed over it. Durable stores wait until both have reached the disk.
 */
export function replaceFile(context: WriteContext, path: string, temporary: string, data: Uint8Array): void {
  writeFile(context, temporary, data);
  context.fs.renameSync(temporary, path);
  if (context.durable) syncDirectory(context.fs, dirname(path));
}

/** Writes a file that nobody reads yet; nothing of it is left where that fails. */
export function writeFile({ fs, durable }: WriteContext, path: string, data: Uint8Array): void {
  const fd = fs.openSync(path, "w", 0o600);
  try {
    writeAllSync(fd, data, fs);
    if (durable) fs.fsyncSync(fd);
  } catch (error) {
    // What was written would only take up space on a disk that may be full.
    fs.rmSync(path, { force: true });
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** Makes a directory and those above it; durable stores wait until all of their names have reached the disk. */
export function makeDirectory({ fs, durable }: WriteContext, directory: string): void {
  const made = makeDirectoriesSync(resolve(directory), fs);
  if (durable) for (const path of made) syncDirectory(fs, dirname(path));
}

/** Makes names durable: those of files made, renamed or removed. Windows has no such thing and needs none. */
export function syncDirectory(fs: StoreContext["fs"], directory: string): void {
  if (process.platform === "win32") return;
  const fd = fs.openSync(directory, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
