import { readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { errorMessage, isLoopsError, LoopsError } from "@loops/core";
import type { FileRequest, LoopFile } from "./expansion.js";
import { sizeProblem } from "./yaml-source.js";

/** The text of a loop file, or why it has none that could be a loop. */
export type LoopText = { readonly text: string } | { readonly unreadable: string };

/**
 * Reads a loop file in UTF-8.
 *
 * @throws LoopsError `LOOPS_LOOP_NOT_FOUND` where there is no such file, `LOOPS_LOOP_READ` where it cannot be read
 */
export async function readLoopText(path: string): Promise<LoopText> {
  let bytes: Uint8Array;
  try {
    const stats = await stat(path);
    // Anything else could be endless, or never begin.
    if (!stats.isFile()) {
      const kind = stats.isDirectory() ? "a directory" : "not a regular file";
      throw new LoopsError("LOOPS_LOOP_NOT_FOUND", `${path} is ${kind}; name the loop's YAML file itself`);
    }
    const tooLong = sizeProblem(stats.size);
    if (tooLong !== null) return { unreadable: tooLong };
    bytes = await readFile(path);
  } catch (error) {
    throw readError(path, error);
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { unreadable: "this is not text in UTF-8; save the file in that encoding" };
  }
}

/**
 * Reads a file that a loop names: its path next to one of the files that it may lie beside, with `.fsm.yaml`, `.yaml` or
 * `.yml` behind it if need be, and at last from the working directory.
 *
 * @throws LoopsError `LOOPS_LOOP_NOT_FOUND` with every place that was looked at, `LOOPS_LOOP_READ`
 */
export async function readNamedFile({ name, beside }: FileRequest): Promise<LoopFile> {
  const endings = /\.ya?ml$/.test(name) ? [""] : ["", ".fsm.yaml", ".yaml", ".yml"];
  const folders = isAbsolute(name) ? [""] : [...new Set(beside.map((file) => dirname(file)))];
  const places = folders.flatMap((folder) => endings.map((ending) => join(folder, `${name}${ending}`)));
  if (!isAbsolute(name)) places.push(name);
  for (const file of new Set(places)) {
    if (!(await isFile(file))) continue;
    const read = await readLoopText(file);
    if ("text" in read) return { file, text: read.text };
    throw new LoopsError("LOOPS_LOOP_READ", `${file}: ${read.unreadable}`);
  }
  const looked = [...new Set(places.map((place) => resolve(place)))];
  throw new LoopsError(
    "LOOPS_LOOP_NOT_FOUND",
    `there is no such file (looked for ${looked.join(", ")}); check the path`,
  );
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw readError(path, error);
  }
}

function readError(path: string, error: unknown): LoopsError {
  if (isLoopsError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    const message = `there is no file ${path} (looked for ${resolve(path)}); check the path`;
    return new LoopsError("LOOPS_LOOP_NOT_FOUND", message, { cause: error });
  }
  const message = `${path} cannot be read: ${errorMessage(error)}; check its name and permissions`;
  return new LoopsError("LOOPS_LOOP_READ", message, { cause: error });
}
