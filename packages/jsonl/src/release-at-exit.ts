/**
 * Gives up at the end of the process, or of a worker thread, what others would have to take for abandoned. One pair of
 * listeners serves all; it is there only while something may be held. The bus writes what is left before anything is
 * released: its listener is older than anything held here.
 */
const open = new Set<object>();
const held = new Set<() => void>();
let exiting = false;

/** For `holder` the end will be noticed, until {@link unwatchExit}. */
export function watchExit(holder: object): void {
  if (open.size === 0) process.prependListener("exit", onExit);
  open.add(holder);
}

export function unwatchExit(holder: object): void {
  open.delete(holder);
  if (open.size === 0) process.off("exit", onExit);
}

/**
 * The listeners for the end are being called. One that is added now never is: what is taken now has to be released by
 * who took it.
 */
export function isExiting(): boolean {
  return exiting;
}

/** @param release synchronous; what it throws is of no use to anybody any more */
export function releaseAtExit(release: () => void): void {
  if (held.size === 0) process.on("exit", releaseAll);
  held.add(release);
}

export function forgetAtExit(release: () => void): void {
  held.delete(release);
  if (held.size === 0) process.off("exit", releaseAll);
}

export function releaseNow(release: () => void): void {
  try {
    release();
  } catch (error) {
    process.stderr.write(`[jsonl] a lock file stays behind, which the next writer removes: ${String(error)}\n`);
  }
}

function onExit(): void {
  exiting = true;
}

function releaseAll(): void {
  for (const release of held) releaseNow(release);
}
