import { LoopsError } from "@loops/core";
import type { FileMark } from "./file-mark.js";

/** A place in a file, which is found again by its inode or its first bytes. */
export interface ReadPosition {
  readonly ino: bigint;
  /** So many of the first bytes are in `headHash`: none that were not complete lines yet. */
  readonly headLength: number;
  readonly headHash: string;
  /** Rotated files up to this number are older. */
  readonly after: number;
  /** In bytes before compression; a line begins here. */
  readonly offset: number;
}

export function positionIn(mark: FileMark, offset: number, after: number): ReadPosition {
  const headLength = Math.min(offset, mark.head.length);
  return { ino: mark.ino, headLength, headHash: mark.hash(headLength), after, offset };
}

/** `1.<inode>.<length>.<hash>.<after>.<offset>`; 1 is the version of this format. */
export function formatPosition({ ino, headLength, headHash, after, offset }: ReadPosition): string {
  return `1.${ino.toString()}.${headLength}.${headHash}.${after}.${offset}`;
}

/** @throws LoopsError `LOOPS_CONFIG` for what is no position */
export function parsePosition(text: unknown): ReadPosition {
  const match = typeof text === "string" ? /^1\.(\d+)\.(\d+)\.([\w-]+)\.(\d+)\.(\d+)$/.exec(text) : null;
  if (match === null) {
    const todo = "hand back what the `position` of a reader was, unchanged, or null to begin anew";
    throw new LoopsError("LOOPS_CONFIG", `[jsonl] ${JSON.stringify(text)} is no position: ${todo}`);
  }
  const [, ino = "", headLength, headHash = "", after, offset] = match;
  return {
    ino: BigInt(ino),
    headLength: Number(headLength),
    headHash,
    after: Number(after),
    offset: Number(offset),
  };
}
