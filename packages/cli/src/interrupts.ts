export interface Interrupts {
  /** After the first signal: stop after the running state. */
  readonly stop: AbortSignal;
  /** After the second one: end the running action as well. */
  readonly force: AbortSignal;
  /** Gives the signals back. */
  release(): void;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Takes the process's signals: once is a stop in good order, twice is at once. */
export function obeyInterrupts(onFirst: () => void): Interrupts {
  const stop = new AbortController();
  const force = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) return force.abort();
    stop.abort();
    onFirst();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    stop: stop.signal,
    force: force.signal,
    release() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
