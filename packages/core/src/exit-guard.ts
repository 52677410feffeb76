/**
 * Keeps a process that has run out of work alive while events wait, for a bounded time. One pair of process listeners
 * serves every queue; it is there only while a queue is open.
 */

/** Something that may hold undelivered events when the process ends. */
export interface ExitHolder {
  /**
   * Tries to deliver what waits, for at most the grace time, and keeps the process alive meanwhile.
   * Resolves to whether all of it was settled; never rejects.
   */
  drainForExit(): Promise<boolean>;
  /** Delivers without the event loop what can be delivered so. Never throws. */
  flushForExit(): void;
  /** Gives up what still waits: counts it as dropped with reason `exit`. Returns how many. */
  abandon(): number;
}

const busy = new Set<ExitHolder>();
const draining = new Set<ExitHolder>();
let openHolders = 0;

/** Lets the guard know that a holder is open; the matching {@link guardClosed} releases it. */
export function guardOpen(): void {
  if (openHolders++ > 0) return;
  process.on("beforeExit", onBeforeExit);
  process.on("exit", onExit);
}

export function guardClosed(holder: ExitHolder): void {
  busy.delete(holder);
  if (--openHolders > 0) return;
  process.off("beforeExit", onBeforeExit);
  process.off("exit", onExit);
}

/** From now on the holder has something to deliver. */
export function markBusy(holder: ExitHolder): void {
  busy.add(holder);
}

export function markIdle(holder: ExitHolder): void {
  busy.delete(holder);
}

function onBeforeExit(): void {
  for (const holder of busy) {
    if (draining.has(holder)) continue;
    draining.add(holder);
    void holder.drainForExit().then((settled) => {
      draining.delete(holder);
      if (!settled) holder.abandon();
    });
  }
}

function onExit(): void {
  let lost = 0;
  for (const holder of busy) {
    holder.flushForExit();
    lost += holder.abandon();
  }
  // Warnings are printed from the event loop, which has ended.
  if (lost > 0) {
    process.stderr.write(`[loops] ${lost} events were undelivered when the process ended; await bus.close() before\n`);
  }
}
