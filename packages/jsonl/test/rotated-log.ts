import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { rotatedFiles } from "../src/rotated-files.js";

/** One file of a log, the lines as they lie in it. */
export interface LogFile {
  readonly path: string;
  readonly text: string;
}

/** All files of a log, the oldest first, read without any reader of this package. */
export async function logFiles(path: string): Promise<readonly LogFile[]> {
  const files = (await rotatedFiles(path)).map(({ path: rotated, gzip }) => {
    const bytes = readFileSync(rotated);
    return { path: rotated, text: (gzip ? gunzipSync(bytes) : bytes).toString() };
  });
  return [...files, { path, text: readFileSync(path, "utf8") }];
}

/** The events of all files; throws where a line is torn. */
export function eventsOf(files: readonly LogFile[]): readonly Record<string, unknown>[] {
  return files.flatMap(({ text }) =>
    text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  );
}

export const numbersOf = (files: readonly LogFile[]) => eventsOf(files).map((event) => event["n"]);

export const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
