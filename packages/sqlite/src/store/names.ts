import { LoopsError } from "@loops/core";

const maxBytes = 500;

/**
 * Checks what is a key in the database: text of one line, as long as an index can hold.
 *
 * @throws LoopsError `LOOPS_NAME`
 */
export function checkName(what: "loop name" | "run id", name: string): void {
  const problem = problemOf(name);
  if (problem === null) return;
  throw new LoopsError(
    "LOOPS_NAME",
    `[sql-store] ${JSON.stringify(String(name).slice(0, 60))} is no ${what}: ${problem}`,
  );
}

/** Whether anything can have been kept by that name. */
export function isName(name: string): boolean {
  return problemOf(name) === null;
}

function problemOf(name: unknown): string | null {
  // Callers without types pass anything.
  if (typeof name !== "string") return "it is no text";
  if (name === "") return "it is empty";
  // PostgreSQL keeps no NUL, and UTF-8 no lone surrogate.
  if (/[\p{Cc}\p{Cs}]/u.test(name)) return "it has control characters or broken Unicode in it";
  return Buffer.byteLength(name) > maxBytes ? `it is longer than ${maxBytes} bytes` : null;
}
