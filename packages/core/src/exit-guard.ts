/**
 * Keeps a process that has run out of work alive while events wait, for a bounded time. One pair of process listeners
 * serves every queue; it is there only while a queue is open.
 */
import { startDeadline } from "./deadline.js";
import { errorMessage } from "./errors.js";

/** Something that may hold undelivered events when the process ends. */
export interface ExitHolder {
  readonly name: string;
  /** The process is kept alive for it at most so long. */
  readonly exitGraceMs: number;
  /** What went wrong last, if that may be why something is undelivered. */
  readonly failure?: unknown;
  /** Something is undelivered. */
  isBusy(): boolean;
  /** Hurries what waits; resolves when all of it is settled. Never rejects. */
  settle(): Promise<void>;
  /** Takes over what others still hold back. Never throws. */
  handOver?(): void;
  /** Delivers without the event loop what can be delivered so. Never throws. */
  tryFlushSync?(): void;
  /** Gives up what still waits: counts it as dropped with reason `exit`. Returns how many. */
  abandon(): number;
}

const open = new Set<ExitHolder>();

/** Watches over a holder until it is closed: see {@link guardClosed}. */
export function guardOpen(holder: ExitHolder): void {
  if (!open.size) process.on("beforeExit", onBeforeExit).on("exit", onExit);
  open.add(holder);
}

export function guardClosed(holder: ExitHolder): void {
  open.delete(holder);
  if (!open.size) process.off("beforeExit", onBeforeExit).off("exit", onExit);
}

/** Comes again only when there is no work left, so not while one of the deadlines it started still runs. */
function onBeforeExit(): void {
  for (const holder of open) {
    if (!holder.isBusy()) continue;
    const due = startDeadline(undefined, holder.exitGraceMs);
    void due.wait(holder.settle()).then((settled) => settled || abandon(holder));
  }
}

function onExit(): void {
  for (const holder of open) holder.handOver?.();
  for (const holder of open) {
    if (!holder.isBusy()) continue;
    holder.tryFlushSync?.();
    abandon(holder);
  }
}

/** Says what is lost at once: warnings are printed from the event loop, which may have ended. */
function abandon(holder: ExitHolder): void {
  const lost = holder.abandon();
  const { name, failure } = holder;
  const why = failure ? ` (${errorMessage(failure)})` : "";
  if (lost > 0) process.stderr.write(`[${name}] undelivered at exit: ${lost}${why}; await bus.close() before it\n`);
}
