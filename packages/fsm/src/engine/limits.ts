import { LoopsError } from "@loops/core";
import type { LoopDefinition } from "../definition/types.js";
import type { RunLimits } from "./options.js";

/**
 * The definition with a run's own limits in place. JSON has no `Infinity`: no limit in time is no `timeout`, and no
 * limit in iterations is the largest number that they can be counted to.
 */
export function withLimits(definition: LoopDefinition, limits: RunLimits = {}): LoopDefinition {
  const { maxIterations, timeoutMs } = limits;
  const { timeout, ...untimed } = definition;
  const timeoutS = timeoutMs === undefined ? timeout : timeoutMs / 1000;
  return {
    ...untimed,
    ...(timeoutS === undefined || timeoutS === Number.POSITIVE_INFINITY ? {} : { timeout: timeoutS }),
    ...(maxIterations === undefined ? {} : { max_iterations: Math.min(maxIterations, Number.MAX_SAFE_INTEGER) }),
  };
}

/** @throws LoopsError `LOOPS_CONFIG` that names the limit which is none */
export function checkLimits({ maxIterations, timeoutMs }: RunLimits = {}): void {
  if (maxIterations !== undefined && !isCount(maxIterations)) {
    throw notALimit("maxIterations", "a whole number of at least 1", maxIterations);
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0)) {
    throw notALimit("timeoutMs", "a number of milliseconds above 0", timeoutMs);
  }
}

function isCount(value: unknown): boolean {
  return value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && (value as number) >= 1);
}

function notALimit(name: keyof RunLimits, expected: string, found: unknown): LoopsError {
  const shown = typeof found === "string" ? JSON.stringify(found) : String(found);
  return new LoopsError(
    "LOOPS_CONFIG",
    `[engine] limits.${name} is ${shown}: give ${expected}, Infinity for no limit, or leave it out for that of the loop.`,
  );
}
