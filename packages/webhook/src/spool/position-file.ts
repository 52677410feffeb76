import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** How far a spool is delivered, in bytes since it was first made. */
export interface SpoolPosition {
  /** Everything before it is settled. */
  readonly done: number;
  /** End of the batch that was last on its way: it is sent again with the same end, so that its id is the same. */
  readonly taken: number;
}

/** Two numbers of 16 digits fit, and one sector holds it: it is whole or old, not half. */
const recordBytes = 64;

/** Holds a {@link SpoolPosition} in a file, which is written over in place. */
export class PositionFile {
  readonly #fd: number;
  /** What the file said when it was opened; `null` if it was new or damaged. */
  readonly found: SpoolPosition | null;

  constructor(path: string) {
    this.#fd = openFile(path);
    this.found = parsePosition(this.#read());
  }

  /** @throws what the file system reports */
  write(position: SpoolPosition): void {
    writeSync(this.#fd, formatPosition(position), 0, "latin1");
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read(): string {
    const bytes = Buffer.alloc(recordBytes);
    return bytes.toString("latin1", 0, readSync(this.#fd, bytes, 0, recordBytes, 0));
  }
}

export function formatPosition({ done, taken }: SpoolPosition): string {
  return `${JSON.stringify({ done, taken }).padEnd(recordBytes - 1)}\n`;
}

/** `null` for anything that {@link formatPosition} does not write. */
export function parsePosition(text: string): SpoolPosition | null {
  const match = /^\{"done":(\d+),"taken":(\d+)\} *\n$/.exec(text);
  if (match === null || text.length !== recordBytes) return null;
  const [done, taken] = [Number(match[1]), Number(match[2])];
  return Number.isSafeInteger(done) && Number.isSafeInteger(taken) && done <= taken ? { done, taken } : null;
}

function openFile(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return openSync(path, "wx+", 0o600);
  }
}
