/**
 * Keeps a process that has run out of work alive while events wait, for a bounded time. One pair of process listeners
 * serves every queue; it is there only while a queue is open.
 */
import { startDeadline } from "./deadline.js";

/** Something that may hold undelivered events when the process ends. */
export interface ExitHolder {
  /** The process is kept alive for it at most so long. */
  readonly exitGraceMs: number;
  /** Hurries what waits; resolves when all of it is settled. Never rejects. */
  settle(): Promise<void>;
  /** Delivers without the event loop what can be delivered so. Never throws. */
  flushForExit?(): void;
  /** Gives up what still waits: counts it as dropped with reason `exit`. Returns how many. */
  abandon(): number;
}

const busy = new Set<ExitHolder>();
const settling = new Set<ExitHolder>();
let openHolders = 0;

/** Lets the guard know that a holder is open; the matching {@link guardClosed} releases it. */
export function guardOpen(): void {
  if (openHolders++ === 0) process.on("beforeExit", onBeforeExit).on("exit", onExit);
}

export function guardClosed(holder: ExitHolder): void {
  busy.delete(holder);
  if (--openHolders === 0) process.off("beforeExit", onBeforeExit).off("exit", onExit);
}

/** From now on the holder has something to deliver, or has nothing more. */
export function markBusy(holder: ExitHolder, isBusy: boolean): void {
  if (isBusy) busy.add(holder);
  else busy.delete(holder);
}

function onBeforeExit(): void {
  for (const holder of busy) {
    if (settling.has(holder)) continue;
    settling.add(holder);
    const due = startDeadline(undefined, holder.exitGraceMs);
    void due.wait(holder.settle()).then((settled) => {
      settling.delete(holder);
      if (!settled) holder.abandon();
    });
  }
}

function onExit(): void {
  let lost = 0;
  for (const holder of busy) {
    holder.flushForExit?.();
    lost += holder.abandon();
  }
  // Warnings are printed from the event loop, which has ended.
  if (lost > 0) process.stderr.write(`[loops] ${lost} events were undelivered at exit; await bus.close() before it\n`);
}
