import { errorMessage } from "./errors.js";
import { after } from "./timer.js";

/** What comes with a reported error. */
export interface ErrorInfo {
  /** Name of the sink, or `"bus"` for the bus and its listeners. */
  readonly source: string;
  /** How many further errors of the same source, whatever they say, were held back and are told with this one. */
  readonly suppressed: number;
}

/**
 * Is told of errors at a bounded rate. The first of a source begins 5 seconds in which each different one, by its
 * message, is told at once, up to four. The others are held back until then, or until the source is closed: the last
 * of them is told with their number, and begins the next 5 seconds.
 */
export type OnError = (error: unknown, info: ErrorInfo) => void;

/** What {@link createReporter} makes: is given every error. */
export interface Reporter {
  (error: unknown): void;
  /** Tells at once what was held back. For the end of the source; errors that come later are told as before. */
  end(): void;
}

const INTERVAL_MS = 5000;

/** Prints as a process warning, which a program can listen to (`process.on("warning")`) or silence. */
export const warnOnError: OnError = (error, { source, suppressed }) => {
  const more = suppressed ? ` (and ${suppressed} more)` : "";
  const message = errorMessage(error);
  const where = message.startsWith("[") ? "" : `[${source}] `;
  process.emitWarning(where + message + more, { type: "LoopsWarning" });
};

/** Reports errors of one source to `onError` at a bounded rate. Never throws, whatever `onError` does. */
export function createReporter(source: string, onError: OnError): Reporter {
  /** The messages told in the present interval: with the first of them it begins. */
  let told: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let heldBack = 0;
  let last: unknown;

  const report = (error: unknown, suppressed = 0): void => {
    const message = errorMessage(error);
    // At most four: a message that is never the same twice must not become a flood.
    if (told.includes(message) || told.length > 3) {
      heldBack++;
      last = error;
      return;
    }
    if (told.push(message) === 1) timer = after(INTERVAL_MS, endInterval);
    // The callback itself may be broken, at once or later: the warning is the only place left that cannot fail.
    (async () => onError(error, { source, suppressed }))().catch((cause) =>
      warnOnError(cause, { source: `${source} onError`, suppressed }),
    );
  };

  const endInterval = (): void => {
    clearTimeout(timer);
    told = [];
    const count = heldBack;
    heldBack = 0;
    if (count) report(last, count - 1);
  };

  report.end = () => {
    endInterval();
    // What that told began another.
    endInterval();
  };
  return report;
}
