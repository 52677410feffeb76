import { FileLock } from "@loops/core/lock";

/** Lets one writer have a file: `<file>.lock` holds who it is. */
export function writerLock(file: string): FileLock {
  const path = `${file}.lock`;
  return new FileLock({
    path,
    refusal(who) {
      const what = `[jsonl] another writer has ${file} (${who}), and a file that is rotated can have one only`;
      const todo = `events stay queued until it closes or ends, or this one closes; give each writer, each worker thread too, its own path, or remove ${path} if that writer is gone for certain`;
      return `${what}; ${todo}`;
    },
  });
}
