import { CommanderError } from "commander";
import { type ExitCode, exitCode } from "./exit-code.js";
import { createProgram } from "./program.js";
import { note, type Terminal } from "./terminal.js";

/** Runs one command line, and resolves with its exit code. Never rejects for what a person or a loop did wrong. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = exitCode.ok;
  const program = createProgram(terminal, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    // Commander has said it already: help and version are no errors, everything else is a wrong command line.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.badInput;
    return report(terminal, error);
  }
}

/** Loaded only now: most commands need no more of it than the time to load it. */
async function report(terminal: Terminal, error: unknown): Promise<ExitCode> {
  let reporter: typeof import("./report-error.js");
  try {
    reporter = await import("./report-error.js");
  } catch {
    // What stands in the way of loading it, such as too many open files, is most likely what is to be reported.
    note(terminal, error instanceof Error ? error.message : String(error));
    return exitCode.failed;
  }
  return reporter.reportError(terminal, error);
}
