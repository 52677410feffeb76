import { LoopsError } from "./errors.js";

/**
 * Options with defaults where they are absent or `undefined`. Each option that has a default is a number and must be
 * given as one, not negative and not `NaN` (`Infinity` may pass); `0` stays `0`.
 *
 * @throws LoopsError `LOOPS_CONFIG` naming the sink, the option and what it was
 */
export function withDefaults<O extends object, D extends Record<string, number>>(
  name: string,
  given: O,
  defaults: D,
): O & D {
  const result = { ...given } as Record<string, unknown>;
  for (const key of Object.keys(defaults)) {
    const value = result[key] ?? defaults[key];
    if (typeof value !== "number" || !(value >= 0)) {
      throw new LoopsError("LOOPS_CONFIG", `[${name}] ${key} must be a number from 0, not ${String(value)}`);
    }
    result[key] = value;
  }
  return result as O & D;
}
