import { LoopsError } from "@loops/core";

const name = "redis-stream";

/** @throws LoopsError `LOOPS_CONFIG` when it is no text; nothing and `""` are the default */
export function textOption(option: string, value: unknown, fallback: string): string {
  requireOption(value === undefined || value === null || typeof value === "string", option, "must be a text", value);
  return (value as string | undefined) || fallback;
}

export function isPartitionCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1024;
}

export function requireSignal(signal: unknown): void {
  const listens = typeof (signal as Partial<AbortSignal> | undefined)?.addEventListener === "function";
  requireOption(signal === undefined || listens, "signal", "must be an AbortSignal", signal);
}

/** @throws LoopsError `LOOPS_CONFIG` */
export function requireOption(valid: boolean, option: string, rule: string, value: unknown): void {
  if (valid) return;
  const shown = typeof value === "object" ? (value === null ? "null" : "an object") : JSON.stringify(value);
  throw new LoopsError("LOOPS_CONFIG", `[${name}] ${option} ${rule}, not ${shown ?? typeof value}`);
}
