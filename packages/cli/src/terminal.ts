import { createColors } from "picocolors";
import { cleanText } from "./clean-text.js";

type Colors = ReturnType<typeof createColors>;

/** Where a command writes: results to `out`, everything else to `err`. */
export interface Terminal {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
  /** Of `out`; plain where nobody would see them. */
  readonly colors: Colors;
  /** Whether lines of `out` may be written over. */
  readonly live: boolean;
  /** Asks the person a question; `null` as an answer means that there is none to come. `null`: there is nobody to ask. */
  readonly ask: ((question: string, signal: AbortSignal) => Promise<string | null>) | null;
  /** Aborted once nobody reads `out` any more: what was printed into `head` is no failure. */
  readonly gone: AbortSignal;
}

/** The process's own streams. Colour and moving text only on a terminal, and only if nobody said no. */
export function processTerminal(process: NodeJS.Process): Terminal {
  const { stdin, stdout: out, stderr: err, env } = process;
  const live = out.isTTY === true && env["TERM"] !== "dumb";
  const noColor = env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "";
  const forced = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
  return {
    out,
    err,
    live: live && !noColor,
    colors: createColors(!noColor && (live || forced)),
    ask: stdin.isTTY === true && err.isTTY === true ? (question, signal) => ask(stdin, err, question, signal) : null,
    gone: whenGone(process, () => {
      process.exitCode = 1;
    }),
  };
}

/** One line to `out`. */
export function say({ out }: Terminal, text: string): void {
  out.write(`${text}\n`);
}

/** A line beside the result, or several. What others wrote in it does nothing to a terminal. */
export function note({ err }: Terminal, text: string): void {
  err.write(`${cleanText(text)}\n`);
}

/** A result for scripts. */
export function sayJson(terminal: Terminal, value: unknown): void {
  say(terminal, JSON.stringify(value));
}

/** Nobody to say it to is no failure of the command; a disk that is full is one. */
function whenGone({ stdout: out, stderr: err }: NodeJS.Process, onFailure: () => void): AbortSignal {
  const gone = new AbortController();
  out.on("error", (error: NodeJS.ErrnoException) => {
    // What follows fails in the same way.
    if (gone.signal.aborted) return;
    gone.abort();
    if (error.code === "EPIPE") return;
    onFailure();
    err.write(`The output cannot be written: ${error.message}\n`);
  });
  // There is nobody left to tell.
  err.on("error", () => undefined);
  return gone.signal;
}

/** Not by way of raw mode: Ctrl-C has to stay a signal. */
async function ask(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
  question: string,
  signal: AbortSignal,
): Promise<string | null> {
  const { createInterface } = await import("node:readline");
  const lines = createInterface({ input, output, terminal: false });
  try {
    return await new Promise<string | null>((resolve) => {
      lines.once("close", () => resolve(null));
      signal.addEventListener("abort", () => resolve(null), { once: true });
      if (signal.aborted) resolve(null);
      lines.question(cleanText(question), resolve);
    });
  } finally {
    lines.close();
  }
}
