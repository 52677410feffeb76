import { execFile } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";

/** A pipe of the kind that a shell makes: bytes written to `writeFd` come out of `stream`. */
export interface OutputPipe {
  /** For the child. To be closed here once the child has it. */
  readonly writeFd: number;
  readonly stream: Readable;
}

/**
 * Two pipes, for standard output and standard error. Node's own `stdio: "pipe"` is a socket, which a command cannot open
 * by name: `echo oops > /dev/stderr` and `tee /dev/stderr` fail on it. A FIFO, opened at both ends and unlinked, is a
 * real pipe. `null` where none can be made (Windows, no place for temporary files).
 */
export async function makeOutputPipes(): Promise<readonly [OutputPipe, OutputPipe] | null> {
  if (process.platform === "win32") return null;
  let directory: string | undefined;
  try {
    if (!lookedForStrays) {
      lookedForStrays = true;
      void removeStrays(tmpdir());
    }
    directory = await mkdtemp(join(tmpdir(), prefix));
    const paths = [join(directory, "stdout"), join(directory, "stderr")] as const;
    await promisify(execFile)("mkfifo", [...paths], { timeout: 5_000 });
    return openAll(paths);
  } catch {
    // Sockets are good enough for all but those who open them by name, and no reason not to act.
    return null;
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

const prefix = "loops-action-";
/** A directory is there for some milliseconds. One that is older was left by a process that was killed in these. */
const strayMs = 60_000;
/** Once in a process, beside its first action. */
let lookedForStrays = false;

/** Removes what killed processes of this user left in making their pipes. Never rejects. */
export async function removeStrays(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((name) => name.startsWith(prefix))) {
    const path = join(directory, name);
    try {
      const { uid, mtimeMs } = await lstat(path);
      if (uid === process.getuid?.() && Date.now() - mtimeMs > strayMs)
        await rm(path, { recursive: true, force: true });
    } catch {
      // Gone meanwhile, or not ours to remove: nothing that an action needs.
    }
  }
}

/** Gives up both ends of both. */
export function discardPipes(pipes: readonly OutputPipe[]): void {
  for (const pipe of pipes) {
    closeSync(pipe.writeFd);
    pipe.stream.destroy();
  }
}

function openAll([stdout, stderr]: readonly [string, string]): readonly [OutputPipe, OutputPipe] {
  const first = openPipe(stdout);
  try {
    return [first, openPipe(stderr)];
  } catch (error) {
    discardPipes([first]);
    throw error;
  }
}

function openPipe(path: string): OutputPipe {
  // Without O_NONBLOCK it would wait for a writer; the writer, which must block, finds its reader there.
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let writeFd: number;
  try {
    writeFd = openSync(path, constants.O_WRONLY);
  } catch (error) {
    closeSync(readFd);
    throw error;
  }
  return { writeFd, stream: new Socket({ fd: readFd, readable: true, writable: false }) };
}
