/**
 * Tells when the process has run out of work, so that what is open can never be ended by an event. One listener serves all
 * transports, and is there only while one of them is open. It comes before those of core, which then wait for what it ended.
 */
const open = new Set<() => void>();

/** @returns what takes it back */
export function beforeExit(action: () => void): () => void {
  if (open.size === 0) process.prependListener("beforeExit", runAll);
  open.add(action);
  return () => {
    open.delete(action);
    if (open.size === 0) process.off("beforeExit", runAll);
  };
}

function runAll(): void {
  for (const action of open) action();
}
