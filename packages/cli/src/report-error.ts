import { errorMessage, isLoopsError } from "@loops/core";
import { isBadInput } from "./bad-input.js";
import { type ExitCode, exitCode } from "./exit-code.js";
import { note, type Terminal } from "./terminal.js";

/** Says what went wrong and why, and of an error that nobody foresaw, where it came from. */
export function reportError(terminal: Terminal, error: unknown): ExitCode {
  const message = isLoopsError(error) ? `${errorMessage(error)} (${error.code})` : explain(error);
  note(terminal, [message, ...causesOf(error, message)].join("\n"));
  return isBadInput(error) ? exitCode.badInput : exitCode.failed;
}

function explain(error: unknown): string {
  if (!(error instanceof Error) || isOfSystem(error)) return errorMessage(error);
  return error.stack ?? error.message;
}

/** What the system refused, such as another file to be opened: it says so itself, and no line of code is to blame. */
function isOfSystem({ code, syscall }: Error & { readonly code?: unknown; readonly syscall?: unknown }): boolean {
  return typeof code === "string" && typeof syscall === "string";
}

const maxCauses = 5;

/** Why, a line each, as far as it has not been said yet. */
function causesOf(error: unknown, said: string): readonly string[] {
  const lines: string[] = [];
  let all = said;
  let cause = causeOf(error);
  for (let depth = 0; cause !== undefined && depth < maxCauses; depth++, cause = causeOf(cause)) {
    const [message = ""] = errorMessage(cause).split("\n");
    if (all.includes(message)) continue;
    lines.push(`  because: ${message}`);
    all += message;
  }
  return lines;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
