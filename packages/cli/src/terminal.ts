import { createColors } from "picocolors";

type Colors = ReturnType<typeof createColors>;

/** Where a command writes: results to `out`, everything else to `err`. */
export interface Terminal {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
  /** Of `out`; plain where nobody would see them. */
  readonly colors: Colors;
  /** Whether lines of `out` may be written over. */
  readonly live: boolean;
}

/** The process's own streams. Colour and moving text only on a terminal, and only if nobody said no. */
export function processTerminal({ stdout: out, stderr: err, env }: NodeJS.Process): Terminal {
  const live = out.isTTY === true && env["TERM"] !== "dumb";
  const noColor = env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "";
  const forced = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
  return { out, err, live: live && !noColor, colors: createColors(!noColor && (live || forced)) };
}

/** One line to `out`. */
export function say({ out }: Terminal, text: string): void {
  out.write(`${text}\n`);
}

/** One line beside the result. */
export function note({ err }: Terminal, text: string): void {
  err.write(`${text}\n`);
}

/** A result for scripts. */
export function sayJson(terminal: Terminal, value: unknown): void {
  say(terminal, JSON.stringify(value));
}
