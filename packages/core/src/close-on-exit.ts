import type { BusReport } from "./bus.js";
import type { Deadline } from "./transport.js";

export interface CloseOnExitOptions extends Deadline {
  /** @default ["SIGINT", "SIGTERM"] */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
}

/** What {@link closeOnExit} needs of a bus. */
export interface ClosableBus {
  close(deadline?: Deadline): Promise<BusReport>;
  flushSync(): void;
}

/**
 * Closes the bus when the process ends: on `beforeExit` and on signals, and what can be written synchronously on
 * `exit`. After a signal the process ends by that signal, unless somebody else listens for it too. For programs that
 * do not handle signals themselves; those that do call `close`.
 *
 * @returns what takes all of it back
 */
export function closeOnExit(bus: ClosableBus, options: CloseOnExitOptions = {}): () => void {
  const { signals = ["SIGINT", "SIGTERM"], ...deadline } = options;
  const onBeforeExit = () => void bus.close(deadline);
  const onExit = () => bus.flushSync();
  const onSignal = (signal: NodeJS.Signals) => {
    void bus.close(deadline).then(() => {
      dispose();
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  };
  const dispose = () => {
    process.off("beforeExit", onBeforeExit);
    process.off("exit", onExit);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.once("beforeExit", onBeforeExit);
  process.on("exit", onExit);
  for (const signal of signals) process.on(signal, onSignal);
  return dispose;
}
