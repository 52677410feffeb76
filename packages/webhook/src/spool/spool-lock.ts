import { FileLock, syncLockCalls } from "@loops/core/lock";
import { runSync } from "@loops/core/ndjson";

/** A spool that is ours. */
export interface SpoolLock {
  /** Gives it up. Idempotent. */
  release(): void;
}

/**
 * Takes the lock of a spool, at `path`.
 *
 * @throws LoopsError `LOOPS_FILE_OWNED` where another sink that lives, or may live, has it
 */
export function takeSpoolLock(path: string): SpoolLock {
  const lock = new FileLock({
    path,
    refusal(who) {
      const what = `[webhook] the spool is in use by another sink (${who}): ${path}`;
      const todo = "give each sink a spool of its own, or remove that file if its owner is gone for certain";
      return `${what}; ${todo}`;
    },
  });
  const calls = syncLockCalls();
  runSync(lock.hold(), calls);
  try {
    runSync(lock.tidy(), calls);
  } catch {
    // What is left over only takes a little space; the next sink tries again.
  }
  return { release: () => runSync(lock.release(), calls) };
}
