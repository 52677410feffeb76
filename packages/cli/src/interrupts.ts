import { exitCode } from "./exit-code.js";

export interface Interrupts {
  /** After the first signal: stop after the running state. */
  readonly stop: AbortSignal;
  /** After the second one: end the running action as well. The third one ends the process. */
  readonly force: AbortSignal;
  /** After the first one since `ended`: wait no longer for what is only tidied up. The next one ends the process. */
  readonly leave: AbortSignal;
  /** There is nothing left to stop. */
  ended(): void;
  /** Gives the signals back. */
  release(): void;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A key that is held down, or a signal that npm passes on beside the terminal, is not yet another wish. */
const repeatMs = 1000;

/**
 * Takes the process's signals: once is a stop in good order, twice is at once, and a third time ends the process where it
 * stands, as a kill would: a store or an action that does not answer keeps nobody.
 */
export function obeyInterrupts(onStop: () => void, onLeave: () => void = () => {}): Interrupts {
  const [stop, force, leave] = [new AbortController(), new AbortController(), new AbortController()];
  let hasEnded = false;
  let forcedMs = 0;
  const onSignal = () => {
    if (hasEnded) {
      if (leave.signal.aborted) process.exit(exitCode.interrupted);
      onLeave();
      return leave.abort();
    }
    if (force.signal.aborted) {
      if (performance.now() - forcedMs > repeatMs) process.exit(exitCode.interrupted);
      return;
    }
    if (stop.signal.aborted) {
      forcedMs = performance.now();
      return force.abort();
    }
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
