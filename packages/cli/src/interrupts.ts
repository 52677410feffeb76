import { exitCode } from "./exit-code.js";

export interface Interrupts {
  /** After the first signal: stop after the running state. */
  readonly stop: AbortSignal;
  /** After the second one: end the running action as well. */
  readonly force: AbortSignal;
  /** After the first one since `ended`: wait no longer for what is only tidied up. The next one ends the process. */
  readonly leave: AbortSignal;
  /** There is nothing left to stop. */
  ended(): void;
  /** Gives the signals back. */
  release(): void;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Takes the process's signals: once is a stop in good order, twice is at once. */
export function obeyInterrupts(onStop: () => void, onLeave: () => void = () => {}): Interrupts {
  const [stop, force, leave] = [new AbortController(), new AbortController(), new AbortController()];
  let hasEnded = false;
  const onSignal = () => {
    if (hasEnded) {
      if (leave.signal.aborted) process.exit(exitCode.interrupted);
      onLeave();
      return leave.abort();
    }
    if (stop.signal.aborted) return force.abort();
    stop.abort();
    onStop();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    stop: stop.signal,
    force: force.signal,
    leave: leave.signal,
    ended() {
      hasEnded = true;
    },
    release() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
