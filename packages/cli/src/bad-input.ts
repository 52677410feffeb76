import { isLoopsError, LoopsError } from "@loops/core";

/** The person wrote something that cannot be meant: told in one line, with exit code 2. */
export function badInput(message: string, cause?: unknown): LoopsError {
  return new LoopsError("LOOPS_USAGE", message, cause === undefined ? undefined : { cause });
}

const ofInput: ReadonlySet<string> = new Set([
  "LOOPS_USAGE",
  "LOOPS_CONFIG",
  "LOOPS_NAME",
  "LOOPS_NOT_INSTALLED",
  "LOOPS_TRANSPORT",
  "LOOPS_RUN_NOT_FOUND",
  "LOOPS_NOT_RESUMABLE",
  "LOOPS_DEFINITION_DRIFT",
  "LOOPS_SEARCH_SYNTAX",
  "LOOPS_SQLITE_DRIVER",
  "LOOPS_POSTGRES_DRIVER",
]);

/** Whether an error says that what was asked for is wrong, rather than that doing it failed. */
export function isBadInput(error: unknown): boolean {
  return isLoopsError(error) && (ofInput.has(error.code) || error.code.startsWith("LOOPS_LOOP_"));
}
