import { errorMessage, isLoopsError } from "@loops/core";
import { isBadInput } from "./bad-input.js";
import { type ExitCode, exitCode } from "./exit-code.js";
import { note, type Terminal } from "./terminal.js";

/** Says what went wrong, and of an error that nobody foresaw, where it came from. */
export function reportError(terminal: Terminal, error: unknown): ExitCode {
  note(terminal, isLoopsError(error) ? `${errorMessage(error)} (${error.code})` : explain(error));
  return isBadInput(error) ? exitCode.badInput : exitCode.failed;
}

function explain(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : errorMessage(error);
}
