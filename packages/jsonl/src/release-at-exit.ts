/**
 * Gives up at the end of the process what others would have to take for abandoned. One listener serves all; it is there
 * only while something is held. The bus writes what is left before it: its listener is older than anything held here.
 */
const held = new Set<() => void>();

/** @param release synchronous; what it throws is of no use to anybody any more */
export function releaseAtExit(release: () => void): void {
  if (held.size === 0) process.on("exit", releaseAll);
  held.add(release);
}

export function forgetAtExit(release: () => void): void {
  held.delete(release);
  if (held.size === 0) process.off("exit", releaseAll);
}

function releaseAll(): void {
  for (const release of held) {
    try {
      release();
    } catch (error) {
      process.stderr.write(`[jsonl] a lock file stays behind, which the next writer removes: ${String(error)}\n`);
    }
  }
}
