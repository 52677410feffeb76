import { LoopsError } from "@loops/core";

/** @throws LoopsError `LOOPS_CONFIG` for what can name no file */
export function checkPath(path: unknown, reader: string): string {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  const example = `${reader}("events.jsonl")`;
  throw new LoopsError("LOOPS_CONFIG", `[jsonl] path must name a file, not ${JSON.stringify(path)}: ${example}`);
}

/** @throws LoopsError `LOOPS_CONFIG` for what cannot be called */
export function checkCallbacks(callbacks: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(callbacks)) {
    if (value === undefined || typeof value === "function") continue;
    throw new LoopsError("LOOPS_CONFIG", `[jsonl] ${name} must be a function, not ${JSON.stringify(value)}`);
  }
}

export function noRegularFile(path: string, cause?: unknown): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[jsonl] ${path} cannot be read: it is no regular file`, { cause });
}
