import { closeSync, openSync, readSync } from "node:fs";

const newline = 0x0a;

/** How many lines a file has that are complete. */
export function countLines(path: string): number {
  const fd = openSync(path, "r");
  const chunk = Buffer.allocUnsafe(1 << 20);
  let lines = 0;
  try {
    for (;;) {
      const bytes = readSync(fd, chunk);
      if (bytes === 0) return lines;
      const read = chunk.subarray(0, bytes);
      for (let at = read.indexOf(newline); at !== -1; at = read.indexOf(newline, at + 1)) lines++;
    }
  } finally {
    closeSync(fd);
  }
}
