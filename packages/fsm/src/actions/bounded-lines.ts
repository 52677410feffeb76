/** What a line costs beside its text: it becomes an event, with time, identity and the run it belongs to. */
const bytesPerEvent = 200;

/** Passes lines on, up to a bound. */
export interface BoundedLines {
  readonly pass: (line: string) => void;
  /** Passes on how many lines were left out, if any were. */
  end(): void;
}

/**
 * Passes lines on until they come to `maxBytes`, each with what it costs as an event; from then on they are counted
 * only: a command that prints for ever must not fill the disk with events. The last line tells how many were left out.
 */
export function boundedLines(onLine: (line: string) => void, maxBytes: number): BoundedLines {
  let leftBytes = maxBytes;
  let leftOut = 0;
  return {
    pass: (line) => {
      // Once one did not fit, no shorter one behind it does: what is passed on is a beginning without holes.
      if (leftOut === 0) leftBytes -= Buffer.byteLength(line) + bytesPerEvent;
      if (leftBytes >= 0) onLine(line);
      else leftOut += 1;
    },
    end: () => {
      if (leftOut > 0) onLine(`[... ${leftOut} ${leftOut === 1 ? "line" : "lines"} left out ...]`);
    },
  };
}
