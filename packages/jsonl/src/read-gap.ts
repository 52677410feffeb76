/**
 * Why events may be missing:
 * - `truncated`: the file was emptied. What was written after it was last read, or last copied, is gone. Its new
 *   content is read from the start.
 * - `files_gone`: rotated files were deleted before they were read.
 * - `position_gone`: the file that the position is in is no longer there. Reading goes on with the oldest that is
 *   newer.
 * - `unreadable`: a compressed file is damaged. The rest of it is skipped.
 */
export type ReadGapReason = "truncated" | "files_gone" | "position_gone" | "unreadable";

/** A place where events may be missing. */
export interface ReadGap {
  readonly reason: ReadGapReason;
  /** The file in which, or before which, they are missing. */
  readonly path: string;
  /** How many files for `files_gone`, at least; else `null`. */
  readonly missedFiles: number | null;
  /** What decompressing reported, for `unreadable`. */
  readonly cause?: unknown;
}
