import { errorMessage } from "./errors.js";

/** What comes with a reported error. */
export interface ErrorInfo {
  /** Name of the sink, or `"bus"` for the bus and its listeners. */
  readonly source: string;
  /** How many errors of the same source were held back since the last report. */
  readonly suppressed: number;
}

/** Is told of errors at a bounded rate: the first of a source at once, then one in 5 seconds. */
export type OnError = (error: unknown, info: ErrorInfo) => void;

const INTERVAL_MS = 5000;

/** Prints as a process warning, which a program can listen to (`process.on("warning")`) or silence. */
export const warnOnError: OnError = (error, { source, suppressed }) => {
  const more = suppressed > 0 ? ` (and ${suppressed} more)` : "";
  const message = errorMessage(error);
  const where = message.startsWith("[") ? "" : `[${source}] `;
  process.emitWarning(where + message + more, { type: "LoopsWarning" });
};

/** Reports errors of one source to `onError` at a bounded rate. Never throws, whatever `onError` does. */
export function createReporter(source: string, onError: OnError): (error: unknown) => void {
  let nextAt = 0;
  let suppressed = 0;
  return (error) => {
    const now = performance.now();
    if (now < nextAt) {
      suppressed++;
      return;
    }
    const info = { source, suppressed };
    nextAt = now + INTERVAL_MS;
    suppressed = 0;
    try {
      onError(error, info);
    } catch (cause) {
      // The callback itself is broken: the warning is the only place left that cannot fail.
      warnOnError(cause, { source: `${source} onError`, suppressed: 0 });
    }
  };
}
