import { LoopsError } from "@loops/core";
import { runAsync, runSync } from "@loops/core/ndjson";
import { asyncFileCalls, type FileSteps, type JsonlFs, syncFileCalls } from "./file-calls.js";

/** Runs work with files, one after the other. */
export interface Disk {
  run<T>(steps: FileSteps<T>): T | Promise<T>;
  /** Runs it before it returns, beside what may be under way: it must not touch what that touches. */
  runSync<T>(steps: FileSteps<T>): T;
  /** For how long the work under way has been so, in ms; `undefined` where there is none. */
  busyMs(): number | undefined;
}

/** Does everything before it returns: a disk that hangs holds up the event loop. */
export function syncDisk(fs: JsonlFs): Disk {
  const calls = syncFileCalls(fs);
  return { run: (steps) => runSync(steps, calls), runSync: (steps) => runSync(steps, calls), busyMs: () => undefined };
}

/** A disk is reported that has not answered for so long. */
const stallMs = 30_000;

/** Waits for a disk that hangs without holding up anybody, and says so. */
export function asyncDisk(fs: JsonlFs, path: string, report: (error: unknown) => void): Disk {
  const calls = asyncFileCalls(fs);
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  let since = 0;

  const drive = async <T>(steps: FileSteps<T>): Promise<T> => {
    since = performance.now();
    const timer = setTimeout(() => report(stalled(path, stallMs)), stallMs).unref();
    try {
      return await runAsync(steps, calls);
    } finally {
      clearTimeout(timer);
      waiting--;
    }
  };

  return {
    run(steps) {
      if (waiting++ === 0) since = performance.now();
      const result = last.then(() => drive(steps));
      last = result.catch(() => {}); // Whoever asked is told; the next one begins afresh.
      return result;
    },
    runSync: (steps) => runSync(steps, syncFileCalls(fs)),
    busyMs: () => (waiting === 0 ? undefined : performance.now() - since),
  };
}

export function stalled(path: string, ms: number): LoopsError {
  const what = `[jsonl] the disk of ${path} has not answered for ${Math.round(ms)} ms`;
  return new LoopsError(
    "LOOPS_STALL",
    `${what}; events stay queued within bounds until close; look at the disk or its network`,
  );
}
